/** Scenarios that are programs, for the commands that take one scenario: each in a process of its own, as a user calls it. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { uiCommand } from '../../../sim/cli/command-ui.ts';
import { scenarioLoader } from '../../../sim/cli/scenario-loader.ts';
import { PLAIN_STYLE } from '../../../sim/report/style.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const READY = join(ROOT, 'scenarios/typescript/routers-fail-one-after-another.twin.ts');
/** Without the package: from the sources of this test its name leads nowhere. */
const TWO = `const scenario = (document) => ({ [Symbol.for('lantwin.scenario')]: true, document, place: {} });
const lan = (name) => ({
  name,
  lan: { switches: { sw1: {} }, hosts: { [name]: { nics: { eth0: '10.0.0.1/24' } } },
    cables: [[name + ':eth0', 'sw1:1']] },
  until: '2s',
});
export const first = scenario(lan('alpha'));
export const second = scenario(lan('beta'));
export { second as again };
`;

let folder: string;
let two: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lantwin-typed-'));
  two = join(folder, 'two.twin.mjs');
  writeFileSync(two, TWO);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function lantwin(...words: readonly string[]) {
  const ran = spawnSync(process.execPath, [join(ROOT, 'bin/lantwin.js'), ...words], {
    encoding: 'utf8',
    cwd: folder,
  });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

describe('the ready program', { timeout: 60_000 }, () => {
  test.each([
    { words: ['run', READY, '--seeds', '1..3'], code: 0, out: /3 passed of 3/ },
    { words: ['exec', READY, '--at', '25s', 'r3', 'ip addr'], code: 0, out: /192\.168\.0\.200/ },
    { words: ['check', READY], code: 0, out: /no problems/ },
    { words: ['events', READY, '--kind', 'power', '--from', '1s'], code: 0, out: /r4 +power off/ },
    { words: ['graph', READY, '--format', 'json'], code: 0, out: /"laptop"/ },
    { words: ['sweep', READY, '--phase', '0s'], code: 0, out: /pings +out for 3/ },
    { words: ['why', READY], code: 2, out: /does not fail/ },
    { words: ['list', READY], code: 0, out: /five routers fail one after another/ },
  ])('$words.0 takes it', ({ words, code, out }) => {
    const ran = lantwin(...words);
    expect(ran.out, ran.err).toMatch(out);
    expect(ran.code, ran.err).toBe(code);
  });
  test('explore searches it in threads, and what it writes runs by itself, with its configurations beside', {
    timeout: 180_000,
  }, () => {
    const file = join(folder, 'five.twin.ts');
    cpSync(READY, file);
    const ran = lantwin('explore', file, '--runs', '4', '--seed', '1', '--workers', '2');
    expect(ran.code, ran.err).toBe(1);
    const found = readdirSync(folder).find((name) => name.startsWith('found-'));
    expect(readdirSync(folder)).toContain('r5.conf');
    const again = lantwin('run', found ?? 'nothing was found');
    expect(again.out, again.err).toContain('masters');
    expect(again.code).toBe(1);
  });
});

describe('a program with several scenarios', { timeout: 60_000 }, () => {
  test('one is named behind the file; without that the names are told', async () => {
    const load = await scenarioLoader([two, `${two}#first`]);
    expect(load(two).problems[0]?.message).toMatch(/name one: .*two\.twin\.mjs#\w+ or /);
    expect(load(`${two}#first`).scenario?.name).toBe('alpha');
    for (const name of ['second', 'again']) {
      expect(load(`${two}#${name}`).scenario?.name).toBe('beta');
    }
    expect(load(`${two}#third`).problems[0]?.message).toMatch(/no scenario 'third', only/);
    expect(load(join(folder, 'gone.twin.ts')).scenario).toBeUndefined();
  });
  test('exec and check', () => {
    expect(lantwin('exec', `${two}#first`, '--at', '1s', 'alpha', 'hostname').out).toBe('alpha\n');
    expect(lantwin('exec', two, '--at', '1s', 'alpha', 'hostname').code).toBe(3);
    expect(lantwin('check', two).out.match(/no problems/g)).toHaveLength(2);
  });
  test('the browser view offers each, and opens the one that is named', async () => {
    for (const path of [folder, `${two}#first`]) {
      const texts: string[] = [];
      const output = { out: (text: string) => texts.push(text), err: () => {}, style: PLAIN_STYLE };
      const options = { port: '0', open: false };
      const until = Promise.resolve();
      expect(await uiCommand(path, options, { output, version: '0', until })).toBe(0);
      expect(texts.join('')).toMatch(/^http:/);
    }
    const output = { out: () => {}, err: () => {}, style: PLAIN_STYLE };
    const until = Promise.resolve();
    expect(await uiCommand(two, { port: '0', open: false }, { output, version: '0', until })).toBe(
      3,
    );
  });
});
