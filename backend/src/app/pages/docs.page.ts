/** The page of operations. Its script builds the content from `/openapi.json`. */
export const DOCS_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API of the sample backend</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/style.css">
<script src="/docs/docs.js" defer></script>
</head>
<body>
<header><div>
<h1>API of the sample backend</h1>
<nav aria-label="Pages"><a href="/">Start</a><a href="/openapi.json">openapi.json</a><a href="/health">Health</a><a href="/metrics">Metrics</a></nav>
</div></header>
<main>
<div class="token">
<label for="token">Token of a session</label>
<input id="token" type="password" autocomplete="off" spellcheck="false" aria-describedby="token-note">
<p class="soft" id="token-note">Send “login” below and it is filled in. It stays in this page and is sent as <code>Authorization: Bearer …</code></p>
</div>
<div id="operations"><p>Loading …</p></div>
<noscript><p>This page needs JavaScript. The description itself is at <a href="/openapi.json">/openapi.json</a>.</p></noscript>
</main>
</body>
</html>
`;
