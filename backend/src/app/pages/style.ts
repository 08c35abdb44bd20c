/** How the pages look. Colours follow the light or dark setting of the reader. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --sheet: #ffffff; --ink: #1c2330; --soft: #5b6577; --line: #dde2ea;
  --accent: #a4231b; --code: #eef1f5; --get: #1d6fb8; --post: #1f7a4d; --put: #9a5b00; --delete: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161d; --sheet: #1a2029; --ink: #e6eaf1; --soft: #9aa5b8; --line: #2c3543;
    --accent: #ff8a80; --code: #232b37; --get: #6db4f2; --post: #5fcf95; --put: #f0b357; --delete: #ff8f86;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
header { background: var(--sheet); border-bottom: 1px solid var(--line); }
header > div, main { max-width: 60rem; margin: 0 auto; padding: 1rem 1.25rem; }
header nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; }
h1 { font-size: 1.4rem; margin: 0 0 0.25rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 0.6rem; }
p { margin: 0.4rem 0; }
a { color: var(--accent); }
code, pre, textarea { font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: 0.875rem; }
code { background: var(--code); border-radius: 4px; padding: 0.1em 0.35em; overflow-wrap: anywhere; }
pre { background: var(--code); border-radius: 8px; padding: 0.75rem 1rem; overflow-x: auto; margin: 0.5rem 0; }
pre code { padding: 0; background: none; }
table { border-collapse: collapse; width: 100%; background: var(--sheet); }
th, td { text-align: left; vertical-align: top; padding: 0.5rem 0.75rem; border: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); }
.table { overflow-x: auto; }
.soft { color: var(--soft); }
details { background: var(--sheet); border: 1px solid var(--line); border-radius: 8px; margin: 0.5rem 0; }
summary { cursor: pointer; padding: 0.65rem 0.9rem; display: flex; flex-wrap: wrap; gap: 0.4rem 0.75rem; align-items: center; }
summary:focus-visible, button:focus-visible, input:focus-visible, textarea:focus-visible, select:focus-visible, a:focus-visible
  { outline: 3px solid var(--get); outline-offset: 2px; }
summary .path { font-weight: 600; overflow-wrap: anywhere; }
details > div { padding: 0 0.9rem 0.9rem; border-top: 1px solid var(--line); }
.method { min-width: 4.2rem; text-align: center; border-radius: 4px; padding: 0.1rem 0.4rem; font-size: 0.8rem;
  font-weight: 700; color: var(--sheet); }
.get { background: var(--get); } .post { background: var(--post); }
.put { background: var(--put); } .delete { background: var(--delete); }
label { display: block; margin: 0.7rem 0 0.2rem; font-weight: 600; font-size: 0.9rem; }
input, select, textarea { width: 100%; padding: 0.45rem 0.6rem; border: 1px solid var(--soft); border-radius: 6px;
  background: var(--ground); color: var(--ink); font-size: 0.95rem; }
textarea { min-height: 6.5rem; resize: vertical; }
button { margin: 0.9rem 0 0.2rem; padding: 0.45rem 1.1rem; border: 0; border-radius: 6px; background: var(--ink);
  color: var(--sheet); font-weight: 600; font-size: 0.95rem; cursor: pointer; }
button:disabled { opacity: 0.5; cursor: wait; }
.token { background: var(--sheet); border: 1px solid var(--line); border-radius: 8px; padding: 0.2rem 0.9rem 0.9rem; }
.status { font-weight: 600; margin-top: 0.6rem; }
`;
