/**
 * What the HTML report looks like, and the few lines of script it works with. Verdict colours are
 * blue, orange and pink, told apart by any eyesight, always with a word beside them; packets have
 * Wireshark's colours.
 */

/** The style sheet of the page, light and dark. */
export const HTML_STYLE = `
:root { color-scheme: light dark; --ink: #1d2129; --paper: #f6f7f9; --card: #fff; --line: #dde1e8;
  --pass: #1f5fbf; --fail: #c2185b; --unknown: #a65a00; --faint: #5d6675; --accent: #1f5fbf;
  --pass-tint: #e8f0fc; --fail-tint: #fce8f0; --unknown-tint: #fdf1e0; --mark: #fff3c4;
  --arp: #faf0d7; --icmp: #fce0ff; --tcp: #e7e6ff; --udp: #daeeff; --routing: #fff3d6;
  --trouble: #12272e; --trouble-ink: #f78787; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --paper: #14161b; --card: #1c1f26;
  --line: #343945; --pass: #7fb2ff; --fail: #ff7eb6; --unknown: #ffb366; --faint: #9aa4b5;
  --accent: #7fb2ff; --pass-tint: #1b2a42; --fail-tint: #3b1c2b; --unknown-tint: #3a2a15;
  --mark: #4a3f12; --arp: #3a3320; --icmp: #3a2440; --tcp: #2a2a48; --udp: #1d3247;
  --routing: #3d341c; --trouble: #000; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 0 auto; max-width: 80rem; padding: 1.25rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.15rem; margin: 0; }
h3 { font-size: 1rem; margin: 1.25rem 0 .35rem; }
header { display: flex; flex-wrap: wrap; gap: .75rem 1.5rem; align-items: center; }
.tiles { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0; padding: 0; list-style: none; }
.tiles li { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: .25rem .8rem; } .tiles b { font-size: 1.25rem; margin-right: .3rem; }
nav { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  margin: 1rem 0; padding: .5rem 1rem; } nav ol { margin: 0; padding-left: 1.5rem; }
nav a, td a { color: var(--accent); text-decoration: none; } nav a:hover, td a:hover { text-decoration: underline; }
details.run { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  border-left: 5px solid var(--faint); margin: 1rem 0; padding: .6rem 1rem; }
details.run.v-pass { border-left-color: var(--pass); } details.run.v-unknown { border-left-color: var(--unknown); }
details.run.v-fail, details.run.v-invalid { border-left-color: var(--fail); }
summary { cursor: pointer; padding: .2rem 0; } summary h2 { display: inline; }
.failure { background: var(--fail-tint); border-radius: 8px; margin: .75rem 0; padding: .6rem .9rem; }
.failure.v-unknown { background: var(--unknown-tint); }
.failure p { margin: .2rem 0; } .failure pre { background: var(--card); margin: .4rem 0; }
pre { border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; padding: .5rem .7rem;
  font: 12.5px/1.45 ui-monospace, monospace; } pre mark { background: var(--mark); color: inherit; display: block; }
.scroll { border: 1px solid var(--line); border-radius: 8px; max-height: 26rem; overflow: auto; }
table { border-collapse: collapse; width: 100%; } caption, th { text-align: left; }
caption { font-weight: 600; padding: .75rem 0 .25rem; }
td, th { border-bottom: 1px solid var(--line); padding: .25rem .6rem; vertical-align: top; }
.scroll thead th { background: var(--card); position: sticky; top: 0; }
.list td { font: 12px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.list td:first-child { text-align: right; white-space: nowrap; }
tr:target td, tr.hit td { background: var(--mark); }
.k-step td, .k-transition td { font-weight: 600; }
.p-arp td { background: var(--arp); } .p-icmp td { background: var(--icmp); } .p-tcp td { background: var(--tcp); }
.p-udp td { background: var(--udp); } .p-routing td { background: var(--routing); }
.p-trouble td { background: var(--trouble); color: var(--trouble-ink); }
input.filter { background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  color: var(--ink); font: inherit; margin: .4rem 0; min-width: 18rem; padding: .2rem .5rem; }
small, .faint { color: var(--faint); } .badge { font-weight: 700; }
.pass { color: var(--pass); } .fail, .invalid { color: var(--fail); } .unknown { color: var(--unknown); }
svg text { fill: currentColor; font: 11px system-ui, sans-serif; } svg { display: block; }
svg rect + text { fill: #1d2129; }
@media print { .scroll { max-height: none; } }
`;

/** Filters rows by a text, and leads from a verdict to its moment in the lists. */
export const HTML_SCRIPT = `
for (const input of document.querySelectorAll('input.filter')) {
  const rows = [...input.closest('.filtered').querySelectorAll('tbody tr')];
  const count = input.parentElement.querySelector('output');
  const filter = () => {
    const wanted = input.value.toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      if (!row.hidden) shown++;
    }
    count.textContent = wanted === '' ? '' : shown + ' of ' + rows.length;
  };
  input.addEventListener('input', filter);
}
for (const link of document.querySelectorAll('a[data-at]')) {
  link.addEventListener('click', (event) => {
    event.preventDefault();
    const run = link.closest('details.run');
    const at = Number(link.dataset.at);
    for (const old of run.querySelectorAll('tr.hit')) old.classList.remove('hit');
    for (const list of run.querySelectorAll('.filtered')) {
      const rows = [...list.querySelectorAll('tbody tr')];
      const row = rows.findLast((one) => Number(one.cells[0].textContent) <= at) ?? rows[0];
      if (row === undefined) continue;
      row.classList.add('hit');
      list.open = true;
      const box = row.closest('.scroll');
      box.scrollTop = row.offsetTop - box.clientHeight / 2;
    }
    run.querySelector('.filtered')?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  });
}
for (const link of document.querySelectorAll('nav a')) {
  link.addEventListener('click', () => {
    document.querySelector(link.getAttribute('href')).open = true;
  });
}
`;
