/** `vrrp_sync_group`: members, notifications, and the trackers that a group has itself. */

import { readWordBlock } from '../block-parser.ts';
import { row } from '../keyword-row.ts';
import type { ParseContext } from '../parse-context.ts';
import { type NotifyKind, newTracking } from '../vrrp-draft.ts';
import { notifyRow, trackingRows } from './tracking.ts';

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

/** The block vrrp_sync_group. */
export const syncGroupRow = row('vrrp_sync_group NAME { … }', 'P1', openGroup, {
  ...VRRP,
  block: [
    row('group { INSTANCE… }', 'P1', (context, words) =>
      takeMembers(context, words, context.group, 'sync'),
    ),
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
  // Where a refused block has no '{', its lines are read for the group before it.
  context.group = context.vrrp.groups.at(-1);
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

/** The names in a `group { … }` of a sync group or a track group, both of which keepalived calls a sync group once. */
export function takeMembers(
  context: ParseContext,
  words: Words,
  group: { readonly name: string; members?: string[] } | undefined,
  kind: 'sync' | 'track',
): void {
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
    const text = `Warning - ${kind} group ${group.name} has empty group block`;
    context.complain('empty-block', text);
  }
}
