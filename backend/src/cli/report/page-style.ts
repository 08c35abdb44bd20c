/** How the report looks, by day and by night. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fbfbfa;--card:#fff;--ink:#1c1e21;--soft:#63696f;--rule:#e3e5e8;--good:#157f4b;
--good-bg:#e5f5ec;--bad:#b3261e;--bad-bg:#fde9e7;--a:#2563c9;--b:#b7791f;--c:#c2330f;--d:#7a8189;--fault:#b3261e}
@media (prefers-color-scheme:dark){:root{--bg:#141619;--card:#1c1f23;--ink:#e8eaed;--soft:#9aa1a9;--rule:#32363c;
--good:#5fd39a;--good-bg:#16322a;--bad:#ff8a80;--bad-bg:#3c1f1d;--a:#7aa8ff;--b:#e5b567;--c:#ff9068;--d:#8b929a;--fault:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1200px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:26px;margin:0 0 4px;display:flex;flex-wrap:wrap;align-items:center;gap:4px 12px}h2{font-size:18px;margin:34px 0 10px}p{margin:6px 0;max-width:80ch}
.soft,figcaption,th{color:var(--soft)}
.badge{display:inline-block;padding:2px 12px;border-radius:99px;font-weight:600;font-size:15px}
.good{color:var(--good);background:var(--good-bg)}.bad{color:var(--bad);background:var(--bad-bg)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin:18px 0}
.tile,figure,.box{background:var(--card);border:1px solid var(--rule);border-radius:10px}
.tile{padding:12px 14px;min-width:0;overflow-wrap:break-word}.tile b{display:block;font-size:22px;font-weight:600}
@media (max-width:480px){.tile b{font-size:18px}}.tile span{font-size:13px;color:var(--soft)}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:14px}.pair h3{margin:0;font-size:15px}
.pair>:only-child{grid-column:1/-1}
@media (max-width:860px){.pair{grid-template-columns:1fr}}
figure{margin:0;padding:10px 12px 6px;min-width:0}figcaption{font-size:13px;display:flex;flex-wrap:wrap;gap:4px 14px;justify-content:space-between}
.scroll{overflow-x:auto}svg{width:100%;min-width:480px;height:auto;display:block}
.grid{stroke:var(--rule);stroke-width:1}.tick,.mark-label{font-size:11px;fill:var(--soft)}
.line{fill:none;stroke-width:1.6;stroke-linejoin:round}.dot{stroke:none}
.a{stroke:var(--a)}.b{stroke:var(--b)}.c{stroke:var(--c)}.d{stroke:var(--d)}
.dot.a{fill:var(--a)}.dot.b{fill:var(--b)}.dot.c{fill:var(--c)}.dot.d{fill:var(--d)}
.key::before{content:"";display:inline-block;width:14px;height:0;border-top:2.5px solid currentColor;margin-right:5px;vertical-align:middle}
.key{margin-left:10px}.key.a{color:var(--a)}.key.b{color:var(--b)}.key.c{color:var(--c)}.key.d{color:var(--d)}
.step line{stroke:var(--d);stroke-width:.8;stroke-dasharray:2 2}.fault line{stroke:var(--fault);stroke-width:1.2}.fault text{fill:var(--fault)}
.box{overflow-x:auto}.box.steps{max-width:420px}.whole{white-space:nowrap}table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;padding:7px 12px;border-bottom:1px solid var(--rule);vertical-align:top}
th{font-weight:500;font-size:13px;white-space:nowrap}tr:last-child td{border-bottom:0}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.why{font-size:13px;color:var(--soft)}.mark{font-weight:600;white-space:nowrap}.yes{color:var(--good)}.no{color:var(--bad)}
.warn{padding:10px 14px;border-radius:10px;margin:14px 0}
`;
