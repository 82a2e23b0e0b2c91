/**
 * What the HTML report looks like, and the few lines of script it works with. Verdict colours are
 * blue, orange and pink, told apart by any eyesight, always with a word beside them.
 */

/** The style sheet of the page, light and dark. */
export const HTML_STYLE = `
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #fff; --line: #ccd; --pass: #1f5fbf;
  --fail: #c2185b; --unknown: #a65a00; --faint: #667; }
@media (prefers-color-scheme: dark) { :root { --ink: #eef; --paper: #15151a; --line: #445;
  --pass: #7fb2ff; --fail: #ff7eb6; --unknown: #ffb366; --faint: #aab; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 0 auto; max-width: 76rem; padding: 1rem; }
details.run { border: 1px solid var(--line); border-radius: 6px; margin: .75rem 0; padding: .5rem; }
summary { cursor: pointer; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
caption, th { text-align: left; } caption { font-weight: 600; }
td, th { border-bottom: 1px solid var(--line); padding: .2rem .5rem; vertical-align: top; }
.events td { font: 12px/1.35 ui-monospace, monospace; white-space: pre-wrap; }
pre { overflow-x: auto; } small { color: var(--faint); }
.badge { font-weight: 600; } .pass { color: var(--pass); } .fail, .invalid { color: var(--fail); }
.unknown { color: var(--unknown); }
svg text { fill: currentColor; font: 11px system-ui, sans-serif; }
`;

/** Filters the rows of events by a text. */
export const HTML_SCRIPT = `
for (const input of document.querySelectorAll('input.filter')) {
  input.addEventListener('input', () => {
    const wanted = input.value.toLowerCase();
    for (const row of input.closest('details').querySelectorAll('tbody tr')) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    }
  });
}
`;
