// The docs site: docs/*.md by VitePress. `npm run build:docs` puts it into dist/site, with the zero-install page below play/.
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const docs = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const base = process.env.DOCS_BASE ?? '/';

const checks = readdirSync(join(docs, 'checks'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => name.slice(0, -3))
  .sort((a, b) => (a < b ? -1 : 1))
  .map((name) => ({ text: name, link: `/checks/${name}` }));

/** Pages that a part of the sidebar names; one that is not there (yet) is left out. */
function pages(...entries) {
  const there = new Set(readdirSync(docs, { recursive: true }).map(String));
  return entries
    .filter(([, link]) => there.has(`${link.slice(1)}.md`))
    .map(([text, link]) => ({ text, link }));
}

/** A scenario of the repository is played; all other links stay. */
function playing(href) {
  const id = /^\.\.\/scenarios\/(.*\.twin\.yml)$/.exec(href ?? '')?.[1];
  return id === undefined ? href : `/play/#s=${encodeURIComponent(id)}`;
}

export default {
  title: 'lantwin',
  description:
    'A digital twin of a highly available LAN: real keepalived.conf files, virtual time, cables you can pull.',
  base,
  srcDir: '.pages',
  outDir: '../../dist/site',
  cacheDir: './.cache',
  cleanUrls: false,
  ignoreDeadLinks: [/\/play\//],
  markdown: {
    languageAlias: { 'sh main': 'sh', conf: 'nginx' },
    config: (md) => {
      // A fence's second word tells our tests who runs it; and the zero-install page lives below the base.
      const fence = md.renderer.rules.fence;
      md.renderer.rules.fence = (tokens, index, ...rest) => {
        tokens[index].info = tokens[index].info.replace(/^sh \w+$/, 'sh');
        return fence(tokens, index, ...rest);
      };
      const open = md.renderer.rules.link_open;
      md.renderer.rules.link_open = (tokens, index, ...rest) => {
        const token = tokens[index];
        const href = playing(token.attrGet('href'));
        if (href?.startsWith('/play/')) {
          token.attrSet('href', base + href.slice(1));
          token.attrSet('target', '_self');
          return rest[2].renderToken(tokens, index, rest[0]);
        }
        return open(tokens, index, ...rest);
      };
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Tutorial', link: '/tutorial' },
      { text: 'Five-director lab', link: '/course' },
      { text: 'Reference', link: '/scenario-file' },
      { text: 'Try it in the browser', link: `${base}play/`, target: '_self' },
    ],
    outline: [2, 3],
    sidebar: [
      {
        text: 'Learn',
        items: pages(
          ['Tutorial: three servers', '/tutorial'],
          ['Course: the five-director lab', '/course'],
          ['Examples', '/examples'],
          ['The five articles, row by row', '/seeds'],
        ),
      },
      {
        text: 'How to',
        items: pages(
          ['Test my keepalived.conf in CI', '/how-to-ci'],
          ['Reproduce an outage', '/how-to-outage'],
          ['Search for what breaks a setup', '/explore'],
          ['Bridge to a real LAN', '/bridge'],
          ["Run the daemon in keepalived's place", '/daemon'],
          ['More CI recipes', '/ci'],
        ),
      },
      {
        text: 'Reference',
        items: [
          ...pages(
            ['Commands and exit codes', '/commands'],
            ['The scenario file', '/scenario-file'],
            ['Actions', '/actions'],
            ['Scenarios in TypeScript', '/typescript'],
            ['keepalived.conf keywords', '/keepalived-keywords'],
            ['Metrics of the daemon', '/metrics'],
            ['What proves what', '/proofs'],
          ),
          { text: 'Checks', collapsed: true, items: checks },
        ],
      },
      {
        text: 'Explanation',
        items: pages(
          ['How the twin works', '/how-it-works'],
          ['How it differs from a real LAN', '/differences'],
          ["keepalived's known behaviours", '/known-behaviours'],
          ['Beside other tools', '/other-tools'],
          ['Performance', '/performance'],
          ['Performance on the way', '/performance-history'],
          ["A newcomer's walks", '/walks'],
        ),
      },
    ],
  },
};
