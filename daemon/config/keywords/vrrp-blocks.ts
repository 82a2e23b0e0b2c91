/** The blocks around vrrp_instance: sync groups, scripts, static entries, GARP groups, interface delays. */

import { readValueBlock, readWordBlock } from '../block-parser.ts';
import { type KeywordRow, row } from '../keyword-row.ts';
import { readDecimal, readInteger, SECONDS_MAX, UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { lacksDefaultUser } from '../script-user.ts';
import { type NotifyKind, newTracking, type VrrpScriptDraft } from '../vrrp-draft.ts';
import { splitQuotedWords } from '../words.ts';
import { readRoute } from './ip-routes.ts';
import { readRule } from './ip-rules.ts';
import { notifyRow, trackingRows } from './tracking.ts';
import { readVirtualAddress } from './virtual-address.ts';

type Words = readonly string[];

const VRRP = { processes: ['vrrp'] } as const;

const groupTracker = (context: ParseContext) =>
  context.group === undefined ? undefined : { draft: context.group, name: context.group.name };

const groupNotifyKinds: readonly NotifyKind[] = [
  'notify_backup',
  'notify_master',
  'notify_fault',
  'notify_stop',
  'notify',
];

const syncGroupRow = row('vrrp_sync_group NAME { … }', 'P1', openGroup, {
  ...VRRP,
  block: [
    row('group { INSTANCE… }', 'P1', takeGroupMembers),
    ...trackingRows(groupTracker),
    ...groupNotifyKinds.map((kind) =>
      notifyRow(kind, groupTracker, (name) => `vrrp group ${name}: ${kind} script`),
    ),
    row('smtp_alert [BOOL]', 'P2', (context, words) => {
      const text = `Invalid vrrp_group smtp_alert parameter ${words[1]}`;
      const value = context.boolean(words, text);
      if (value !== undefined && context.group !== undefined) context.group.smtpAlert = value;
    }),
    row('global_tracking', 'P3', (context) => {
      const { group } = context;
      if (group === undefined) return;
      const what =
        'global_tracking is deprecated. Use track_interface/script/file on the sync group';
      context.complain('deprecated', `(${group.name}) ${what}`);
      group.trackingWeight = true;
    }),
    row('sync_group_tracking_weight', 'P2', ({ group }) => {
      if (group !== undefined) group.trackingWeight = true;
    }),
    row('notify_priority_changes [BOOL]', 'P3', (context, words) => {
      const { group } = context;
      if (group === undefined) return;
      const what = `Invalid value '${words[1]}' for sync group notify_priority_changes specified`;
      const value = context.boolean(words, `(${group.name}) ${what}`);
      if (value !== undefined) group.notifyPriorityChanges = value;
    }),
  ],
  end: (context) => {
    context.group = undefined;
  },
});

function openGroup(context: ParseContext, words: Words): void {
  const name = words[1];
  context.group = undefined;
  if (name === undefined || words.length !== 2) {
    context.complain('bad-name', 'vrrp_sync_group must have a name - skipping');
    context.skipBlock(true);
    return;
  }
  if (context.vrrp.groups.some((one) => one.name === name)) {
    context.complain('duplicate', `vrrp sync group ${name} already defined`, { word: name });
    context.skipBlock(true);
    return;
  }
  context.group = {
    ...newTracking(),
    name,
    at: context.reporter.location,
    trackingWeight: false,
  };
  context.vrrp.groups.push(context.group);
}

function takeGroupMembers(context: ParseContext, words: Words): void {
  const { group } = context;
  if (group === undefined) return;
  if (group.members !== undefined) {
    const text = `Group list already specified for sync group ${group.name}`;
    context.complain('duplicate', text);
    context.skipBlock(true);
    return;
  }
  const members = readWordBlock(context, words);
  if (members.length > 0) group.members = members;
  else {
    const text = `Warning - sync group ${group.name} has empty group block`;
    context.complain('empty-block', text);
  }
}

/** From 2.3.2 on: down to a millisecond. Not verified against that version. */
function takeFineInterval(context: ParseContext, script: VrrpScriptDraft, words: Words): void {
  const word = context.word(words, 1);
  const range = { least: 1, most: SECONDS_MAX * 1000, decimals: 3, lenient: true };
  const result = readDecimal(word, range, context.reporter);
  if (result.usable) {
    script.intervalUs = result.value * 1000;
    return;
  }
  const text =
    `(${script.name}): vrrp script interval '${word}' must be between 0.001 and` +
    ` ${SECONDS_MAX} - ignoring`;
  context.complain('bad-value', text, { word });
}

const scriptRow = row('vrrp_script NAME { … }', 'P1', openScript, {
  ...VRRP,
  block: [
    scriptPart('script COMMAND', 'P1', takeScript),
    scriptPart('interval SECONDS', 'P1', (context, script, words) => {
      if (context.knows('2.3.2')) {
        takeFineInterval(context, script, words);
        return;
      }
      const word = context.word(words, 1);
      const text =
        `(${script.name}): vrrp script interval '${word}' must be between 1 and` +
        ` ${SECONDS_MAX} - ignoring`;
      const result = context.unsigned(words, { least: 0, most: SECONDS_MAX, lenient: true, text });
      if (!result.usable) return;
      if (result.value === 0 && !result.complained) {
        const what = 'vrrp script interval must be greater than 0, setting to 1';
        context.complain('bad-value', `(${script.name}): ${what}`, { word });
      }
      script.intervalUs = Math.max(1, result.value) * 1_000_000;
    }),
    scriptPart('timeout SECONDS', 'P1', (context, script, words) => {
      const word = context.word(words, 1);
      const text = `(${script.name}): vrrp script timeout '${word}' invalid - ignoring`;
      const result = context.unsigned(words, { least: 0, most: SECONDS_MAX, lenient: true, text });
      if (!result.usable) return;
      if (result.value === 0 && !result.complained) {
        const what = 'vrrp script timeout must be greater than 0, setting to 1';
        context.complain('bad-value', `(${script.name}): ${what}`, { word });
      }
      script.timeoutUs = Math.max(1, result.value) * 1_000_000;
    }),
    scriptPart('weight -253..253 [reverse]', 'P1', (context, script, words) => {
      const word = context.word(words, 1);
      const range = { least: -253, most: 253, lenient: true };
      const result = readInteger(word, range, context.reporter);
      if (result.complained) {
        const text = `vrrp_script ${script.name} weight ${word} must be in [-253, 253]`;
        context.complain('bad-value', text, {
          word,
          message: `weight ${word} of vrrp_script ${script.name} is not in -253..253; keepalived uses ${result.value} all the same`,
        });
      }
      script.weight = result.value;
      if (words[2] === 'reverse') script.reverse = true;
      else if (words[2] !== undefined) {
        const text = `vrrp_script ${script.name} unknown weight option ${words[2]}`;
        context.complain('unknown-option', text, { word: words[2] });
      }
    }),
    scriptPart('rise COUNT', 'P1', (context, script, words) => {
      script.rise = countOf(context, script, words);
    }),
    scriptPart('fall COUNT', 'P1', (context, script, words) => {
      script.fall = countOf(context, script, words);
    }),
    scriptPart('user USER [GROUP]', 'P2', (context, script, words) => {
      const user = context.word(words, 1);
      const { hasUser, hasGroup } = context.machine;
      const group = words[2];
      if (hasUser?.(user) === false || (group !== undefined && hasGroup?.(group) === false)) {
        script.badUser = true;
        const text = `Unable to set uid/gid for script ${quoteArguments(script.arguments)}`;
        context.complain('unknown-user', text, {
          word: user,
          message: `user '${user}' does not exist on this host; the script is removed`,
        });
        return;
      }
      script.badUser = false;
      script.user = user;
      if (words[2] !== undefined) script.group = words[2];
    }),
    scriptPart('init_fail', 'P2', (_context, script) => {
      script.initFail = true;
    }),
  ],
  end: closeScript,
});

function openScript(context: ParseContext, words: Words): void {
  context.script = {
    name: context.word(words, 1),
    at: context.reporter.location,
    arguments: [],
    intervalUs: 1_000_000,
    weight: 0,
    reverse: false,
    rise: 1,
    fall: 1,
    initFail: false,
    badUser: false,
  };
  context.vrrp.scripts.push(context.script);
}

function scriptPart(
  spelling: string,
  importance: 'P1' | 'P2',
  apply: (context: ParseContext, script: VrrpScriptDraft, words: Words) => void,
): KeywordRow {
  return row(spelling, importance, (context, words) => {
    if (context.script !== undefined) apply(context, context.script, words);
  });
}

function takeScript(context: ParseContext, script: VrrpScriptDraft): void {
  const words = context.quotedWords();
  if (words?.[1] === undefined) return;
  const split = splitQuotedWords(words[1]);
  if ('kind' in split) return;
  script.arguments = split;
  const at = context.reporter.location;
  if (at !== undefined) script.scriptAt = at;
}

function countOf(context: ParseContext, script: VrrpScriptDraft, words: Words): number {
  const text = `(${script.name}): vrrp script ${words[0]} value '${words[1]}' invalid, defaulting to 1`;
  const result = context.unsigned(words, { least: 1, most: 2_147_483_647, lenient: true, text });
  return result.usable ? result.value : 1;
}

function closeScript(context: ParseContext): void {
  const { script } = context;
  context.script = undefined;
  if (script === undefined) return;
  if (script.arguments.length === 0) {
    const text = `No script set for vrrp_script ${script.name} - removing`;
    context.complain('bad-script', text);
  } else if (!script.badUser && script.user === undefined && lacksDefaultUser(context)) {
    const text = `Unable to set default user for vrrp script ${script.name} - removing`;
    context.complain('unknown-user', text);
    script.badUser = true;
  }
  if (script.arguments.length === 0 || script.badUser) {
    context.vrrp.scripts = context.vrrp.scripts.filter((one) => one !== script);
  }
}

/** Arguments as keepalived prints them: each in single quotes. */
export function quoteArguments(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' ');
}

const trackGroupRow = row(
  'track_group NAME { … }',
  'P3',
  (context, words) => {
    const name = words[1];
    if (name === undefined || words.length !== 2) {
      context.complain('bad-name', 'track_group must have a name - skipping');
      context.skipBlock(true);
    } else if (context.vrrp.trackGroups.some((one) => one.name === name)) {
      context.complain('duplicate', `track_group ${name} already defined`, { word: name });
      context.skipBlock(true);
    } else context.vrrp.trackGroups.push({ name, at: context.reporter.location });
  },
  {
    ...VRRP,
    block: [
      row('group { INSTANCE… }', 'P3', (context, words) => {
        const group = context.vrrp.trackGroups.at(-1);
        if (group === undefined) return;
        if (group.members !== undefined) {
          const text = `Group list already specified for sync group ${group.name}`;
          context.complain('duplicate', text);
          context.skipBlock(true);
          return;
        }
        const members = readWordBlock(context, words);
        if (members.length > 0) group.members = members;
        else {
          const text = `Warning - track group ${group.name} has empty group block`;
          context.complain('empty-block', text);
        }
      }),
    ],
  },
);

const garpGroupRow = row(
  'garp_group { … }',
  'P3',
  (context) => {
    context.garpGroup = { interfaces: [], aggregation: 0 };
    context.vrrp.garpGroups.push(context.garpGroup);
  },
  {
    ...VRRP,
    block: [
      row('garp_interval SECONDS', 'P3', (context, words) => garpInterval(context, words, 'garp')),
      row('gna_interval SECONDS', 'P3', (context, words) => garpInterval(context, words, 'gna')),
      row('interface NAME', 'P3', (context, words) => {
        garpInterface(context, context.word(words, 1));
      }),
      row('interfaces { NAME… }', 'P3', (context, words) => {
        const names = readWordBlock(context, words);
        if (names.length === 0) {
          context.complain('empty-block', 'Warning - empty garp_group interfaces block');
        } else if (context.garpGroup !== undefined) {
          const used = context.vrrp.garpGroups.filter((one) => one.aggregation > 0).length;
          context.garpGroup.aggregation = used + 1;
          for (const name of names) garpInterface(context, name);
        }
      }),
    ],
    end: (context) => {
      const group = context.garpGroup;
      context.garpGroup = undefined;
      if (group === undefined || group.garpUs !== undefined || group.gnaUs !== undefined) return;
      const text = `garp group ${group.aggregation} does not have any delay set - removing`;
      context.complain('empty-block', text);
      context.vrrp.garpGroups = context.vrrp.garpGroups.filter((one) => one !== group);
    },
  },
);

function garpInterval(context: ParseContext, words: Words, kind: 'garp' | 'gna'): void {
  const word = context.word(words, 1);
  const range = { least: 0, most: 2_147_483_647, decimals: 6, lenient: true };
  const result = readDecimal(word, range, context.reporter);
  if (result.complained && /^[-+.\d]/.test(word)) {
    const text = `garp_group ${kind}_interval '${word}' invalid`;
    context.complain('bad-value', text, { word });
  }
  if (!result.usable || context.garpGroup === undefined) return;
  if (kind === 'garp') context.garpGroup.garpUs = result.value;
  else context.garpGroup.gnaUs = result.value;
}

function garpInterface(context: ParseContext, name: string): void {
  if (!context.interfaceKnown(name)) {
    const text = `WARNING - interface ${name} specified for garp_group doesn't exist`;
    context.complain('unknown-interface', text, { word: name });
  } else if (context.vrrp.garpGroups.some((group) => group.interfaces.includes(name))) {
    const text = `garp_group already specified for ${name} - ignoring`;
    context.complain('duplicate', text, { word: name });
  } else context.garpGroup?.interfaces.push(name);
}

/** 255 s: the longest debounce keepalived takes. */
const DEBOUNCE_US_MAX = 255_000_000;

function takeDelay(context: ParseContext, values: Words): void {
  const name = values[0] as string;
  const known = context.machine.interfaces?.some((one) => one.name === name) ?? true;
  if (!known && context.global.dynamicInterfaces === 'no') {
    const text = `unknown interface ${name} specified for up/down delay`;
    context.complain('unknown-interface', text, { word: name, level: 'fatal' });
    return;
  }
  if (values[1] === undefined) {
    context.remark('missing-value', `no delays are given for interface ${name}`, { word: name });
    return;
  }
  if (values.length > 3) {
    context.remark('extra-words', `too many words behind interface ${name}`, { word: name });
  }
  const range = { least: 0, most: DEBOUNCE_US_MAX, decimals: 6, lenient: true };
  const down = readDecimal(values[1], range, context.reporter);
  if (!down.usable) return;
  let upUs = 0;
  if (values[2] !== undefined) {
    // From 2.3.3 on an interface may be kept down as long as one likes.
    const most = context.knows('2.3.3') ? UNSIGNED_MAX * 1_000_000 : DEBOUNCE_US_MAX;
    const up = readDecimal(values[2], { ...range, most }, context.reporter);
    if (!up.usable) return;
    upUs = up.value;
  }
  context.vrrp.delays.push({ interface: name, downUs: down.value, upUs });
}

/** All top-level rows of the VRRP process but vrrp_instance and the trackers of files and processes. */
export const vrrpBlockRows: readonly KeywordRow[] = [
  trackGroupRow,
  row(
    'static_ipaddress { ADDRESS… }',
    'P2',
    (context, words) => {
      readValueBlock(context, words, (values) => {
        const address = readVirtualAddress(context, values, { isStatic: true });
        if (address !== undefined) context.vrrp.staticAddresses.push(address);
      });
    },
    VRRP,
  ),
  row(
    'static_routes { ROUTE… }',
    'P2',
    (context, words) => {
      readValueBlock(context, words, (values) => {
        const route = readRoute(context, values, { isStatic: true });
        if (route !== undefined) context.vrrp.staticRoutes.push(route);
      });
    },
    VRRP,
  ),
  row(
    'static_rules { RULE… }',
    'P2',
    (context, words) => {
      readValueBlock(context, words, (values) => {
        const rule = readRule(context, values, { isStatic: true });
        if (rule !== undefined) context.vrrp.staticRules.push(rule);
      });
    },
    VRRP,
  ),
  syncGroupRow,
  garpGroupRow,
  row(
    'linkbeat_interfaces { NAME [MII|ETHTOOL|IOCTL]… }',
    'P3',
    (context, words) => {
      readValueBlock(context, words, (values) => {
        const name = values[0] as string;
        const known = context.machine.interfaces?.some((one) => one.name === name) ?? true;
        if (!known) {
          const text = `unknown interface ${name} specified for linkbeat interface`;
          context.complain('unknown-interface', text, { word: name, level: 'fatal' });
        } else if (values[1] !== undefined && !/^(MII|ETHTOOL|IOCTL)$/.test(values[1])) {
          const text = `extra characters ${values[1]} in linkbeat interface`;
          context.complain('unknown-option', text, { word: values[1] });
        }
      });
    },
    { ...VRRP, status: 'no-effect-here' },
  ),
  row(
    'interface_up_down_delays { NAME DOWN [UP]… }',
    'P2',
    (context, words) => {
      readValueBlock(context, words, (values) => takeDelay(context, values));
    },
    VRRP,
  ),
  scriptRow,
];
