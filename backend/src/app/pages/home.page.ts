/** The page that says what to try and where to look. Nothing in it comes from a request. */
export function homePage(port: number): string {
  const here = `localhost:${port}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>nestjs-redis-ha sample backend</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<header><div>
<h1>nestjs-redis-ha sample backend</h1>
<p class="soft">Sessions, a cached catalogue, orders and counters that go on while the primary of Redis is replaced.</p>
</div></header>
<main>
<h2>Where to look</h2>
<div class="table"><table>
<thead><tr><th>Address</th><th>What it says</th></tr></thead>
<tbody>
<tr><td><a href="/docs">/docs</a></td><td>every operation, to be tried from the browser; <a href="/openapi.json">openapi.json</a> for machines</td></tr>
<tr><td><a href="/health">/health</a></td><td>Redis and the database: up, degraded or down</td></tr>
<tr><td><a href="/health/live">/health/live</a>, <a href="/health/ready">/health/ready</a>, <a href="/health/startup">/health/startup</a></td><td>what an orchestrator asks</td></tr>
<tr><td><a href="/api/health/redis">/api/health/redis</a>, <a href="/api/health/redis/metrics">…/metrics</a></td><td>the cluster and its figures, as JSON</td></tr>
<tr><td><a href="/metrics">/metrics</a></td><td>the same and more, for Prometheus</td></tr>
<tr><td><a href="/api/products?pageSize=5">/api/products</a></td><td>the catalogue, from the cache</td></tr>
</tbody></table></div>

<h2>Log in</h2>
<p>Demonstration users are <code>user1@example.com</code> to <code>user200@example.com</code>, all with the password <code>demo-password</code>.</p>
<pre tabindex="0"><code>curl -s ${here}/api/auth/login -H 'content-type: application/json' \\
  -d '{"email":"user1@example.com","password":"demo-password"}'
curl -s ${here}/api/auth/session -H 'authorization: Bearer THE-TOKEN'</code></pre>

<h2>Take the primary away</h2>
<p>Keep asking in one terminal. Nothing but <code>200</code> should come, whatever happens to Redis.</p>
<pre tabindex="0"><code>while sleep 0.2; do
  curl -s -o /dev/null -w '%{http_code} %{time_total}\\n' -X POST ${here}/api/counters/visits
done</code></pre>
<p>Kill the primary in another: with Docker Compose,</p>
<pre tabindex="0"><code>docker compose -f docker-compose.redis-sentinel.yml kill redis-master</code></pre>
<p>After <code>npm start</code> the terminal says which process it is. <a href="/health">/health</a> then shows the new primary and counts the failover. A write waits until there is one, a few seconds; sessions and products are answered all the while.</p>
</main>
</body>
</html>
`;
}
