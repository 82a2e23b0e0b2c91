/** Answers to messages that touch: time, deeds by hand, terminals, configurations, pings. */

import {
  cancelAction,
  execAction,
  type HandAction,
  type HandProblem,
  pingTarget,
  pingTerminal,
  reloadAction,
  tableAction,
} from './hand-actions.ts';
import type { LiveSession, OpenScenario } from './live-session.ts';
import { type ClientMessage, LIMITS } from './protocol.ts';
import { HAND_STEPS_MAX, RECORDING_END } from './timeline.ts';
import type { Viewer } from './viewer.ts';

/** Answers one message; all that are left are these. */
export function answerControl(
  session: LiveSession,
  open: OpenScenario,
  viewer: Viewer,
  message: ClientMessage,
): void {
  if (answerTime(session, open, viewer, message)) return;
  const { lan } = open.timeline.run;
  switch (message.type) {
    case 'act':
      act(session, viewer, message, tableAction(message.action, message.args, lan));
      return;
    case 'reload-config':
      act(session, viewer, message, reloadAction(message.host, message.text, lan));
      return;
    case 'script': {
      const { host, script, exit } = message;
      const args = { host, script, exit, after: `${message.afterUs}us` };
      act(session, viewer, message, tableAction('script', args, lan));
      return;
    }
    case 'exec':
      onExec(session, open, viewer, message);
      return;
    case 'cancel': {
      // Somebody who presses Ctrl+C too late has nothing to stop.
      if (!session.running(lan).has(message.terminal)) {
        viewer.done(message.id);
        return;
      }
      act(session, viewer, message, cancelAction(message.terminal, session));
      return;
    }
    case 'ping':
      onPing(session, open, viewer, message);
      return;
    case 'layout':
      onLayout(session, open, viewer, message);
      return;
    default:
      viewer.refuse('bad-message', 'this means nothing here', message.id);
      return;
  }
}

/** Messages that only virtual time can follow. */
const TIME_MESSAGES: ReadonlySet<ClientMessage['type']> = new Set([
  'pause',
  'speed',
  'step',
  'failover',
  'seek',
]);

function answerTime(
  session: LiveSession,
  open: OpenScenario,
  viewer: Viewer,
  message: ClientMessage,
): boolean {
  if (session.options.realTime !== undefined && TIME_MESSAGES.has(message.type)) {
    const text = 'this LAN is joined to a real network: its time cannot stop, jump or go back';
    viewer.refuse('refused', text, message.id);
    return true;
  }
  switch (message.type) {
    case 'play':
      // A way that is under way is gone to its end first.
      session.playing = true;
      break;
    case 'pause':
      // Said once it pauses; said again, it gives up a long way.
      if (!session.playing) open.timeline.stop();
      session.playing = false;
      break;
    case 'speed':
      session.speed = message.factor;
      break;
    case 'step':
      session.playing = false;
      session.travel((timeline) => timeline.step(message.unit, message.direction));
      break;
    case 'failover':
      session.playing = false;
      session.travel((timeline) =>
        timeline.step('failover', message.direction === 'next' ? 'forward' : 'back'),
      );
      break;
    case 'seek':
      session.travel((timeline) => timeline.seek(message.at));
      break;
    default:
      return false;
  }
  viewer.done(message.id);
  return true;
}

/** Does it now, on a new branch if this is the past. */
function act(
  session: LiveSession,
  viewer: Viewer,
  message: ClientMessage,
  action: HandAction | HandProblem,
): void {
  const timeline = session.open?.timeline;
  if (timeline === undefined) return;
  if ('code' in action) {
    viewer.refuse(action.code, action.message, message.id);
    return;
  }
  if (timeline.deeds(true).length >= HAND_STEPS_MAX) {
    viewer.refuse('too-many', `at most ${HAND_STEPS_MAX} deeds by hand`, message.id);
    return;
  }
  if (timeline.position.at >= timeline.limit) {
    const why = `${RECORDING_END}: go back to try something else`;
    viewer.refuse('refused', why, message.id);
    return;
  }
  const { branched, refusal } = timeline.act(action);
  const deed = timeline.deeds(true).at(-1);
  if (deed !== undefined) session.options.realTime?.onDeed(deed);
  if (branched) session.tellBranch(timeline.position.at);
  if (refusal === undefined) viewer.done(message.id);
  else viewer.refuse('refused', refusal, message.id);
}

function onExec(
  session: LiveSession,
  open: OpenScenario,
  viewer: Viewer,
  message: ClientMessage & { readonly type: 'exec' },
): void {
  const { lan } = open.timeline.run;
  const { terminal, host, line } = message;
  if (!lan.hosts.has(host)) {
    viewer.refuse('unknown-name', `there is no host '${host}'`, message.id);
    return;
  }
  const running = session.running(lan);
  if (running.has(terminal)) {
    viewer.refuse('refused', 'a command still runs in this terminal', message.id);
    return;
  }
  if (running.size >= LIMITS.terminalsMax) {
    const text = `at most ${LIMITS.terminalsMax} commands run at the same time`;
    viewer.refuse('too-many', text, message.id);
    return;
  }
  act(session, viewer, message, execAction({ terminal, host, line }, session));
}

function onPing(
  session: LiveSession,
  open: OpenScenario,
  viewer: Viewer,
  message: ClientMessage & { readonly type: 'ping' },
): void {
  const { lan } = open.timeline.run;
  const target = pingTarget(message.to, lan);
  if (!lan.hosts.has(message.from) || target === undefined) {
    viewer.refuse('unknown-name', 'there is no such host or address', message.id);
    return;
  }
  const id = (session.pings.at(-1)?.id ?? 0) + 1;
  const { from, to } = message;
  const at = open.timeline.run.engine.now;
  session.addPing({ id, from, to, at, outcome: 'running', text: 'on its way' });
  const line = `ping -c 1 -W 1 ${target}`;
  act(
    session,
    viewer,
    message,
    execAction({ terminal: pingTerminal(id), host: from, line }, session),
  );
}

function onLayout(
  session: LiveSession,
  open: OpenScenario,
  viewer: Viewer,
  message: ClientMessage & { readonly type: 'layout' },
): void {
  const { lan } = open.timeline.run;
  const positions = new Map<string, { readonly x: number; readonly y: number }>();
  for (const { node, x, y } of message.positions) {
    if (lan.hosts.has(node) || lan.switches.has(node)) positions.set(node, { x, y });
  }
  const problem = session.keepLayout(positions);
  if (problem === undefined) viewer.done(message.id);
  else viewer.refuse('refused', problem, message.id);
}
