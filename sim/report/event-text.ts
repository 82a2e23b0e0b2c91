/**
 * Every event of a run log in words: one formatter per kind, the only place where the log becomes
 * text. `events` prints all of them; stories and failures print the ones that matter.
 */

import { type DurationUs, formatSeconds } from '../../daemon/base/time.ts';
import type { DaemonReport } from '../../daemon/core/reports.ts';
import { formatIp } from '../../daemon/wire/ip-address.ts';
import { formatMac } from '../../daemon/wire/mac-address.ts';
import type { RunEvent } from '../engine/run-log.ts';
import type { HostRunEvent } from '../host/host-events.ts';
import type { LanRunEvent } from '../lan/lan-api.ts';
import { durationWords } from '../scenario/expectations/verdict.ts';
import type { ScenarioRunEvent } from '../scenario/run-events.ts';
import { eventJson } from './event-json.ts';

/** All events that this page has words for. */
export type KnownRunEvent = LanRunEvent | HostRunEvent | ScenarioRunEvent;

/** `   13.609375  srv-2     VI_1 (VRID 88) BACKUP -> MASTER: advert-timeout`. */
export function eventLine(event: RunEvent): string {
  return `${formatSeconds(event.at).padStart(13)}  ${event.node.padEnd(10)} ${eventText(event)}`;
}

/** What happened, without time and node. */
export function eventText(event: RunEvent): string {
  const known = event as KnownRunEvent;
  switch (known.kind) {
    case 'cable':
      return `cable ${known.change}${known.detail === '' ? '' : `: ${known.detail}`}`;
    case 'carrier':
      return `${known.port}: carrier ${known.up ? 'on' : 'lost'}`;
    case 'switch':
      return `switch ${known.change}${known.port === undefined ? '' : ` port ${known.port}`}`;
    case 'mac-moved':
      return `${formatMac(known.mac)} moved from port ${known.from} to port ${known.to}`;
    case 'storm':
      return `broadcast storm: ${known.detail}`;
    case 'power':
      return `power ${known.state}`;
    case 'address':
      return addressText(known);
    case 'link':
      return linkText(known);
    case 'neighbour':
      return neighbourText(known);
    case 'daemon':
      return reportText(known.report);
    case 'journal':
      return `${known.line.identifier}[${known.line.pid}]: ${known.line.text}`;
    case 'program':
      return programText(known);
    case 'fifo':
      return `${known.path}: ${known.line}`;
    case 'mail':
      return `mail from ${known.from} to ${known.to.join(', ')}: ${known.subject}`;
    case 'script':
      return scriptText(known);
    default:
      return scenarioText(known);
  }
}

function addressText(event: HostRunEvent & { readonly kind: 'address' }): string {
  const where = event.change === 'added' ? 'to' : 'from';
  return `${event.prefix} ${event.change} ${where} ${event.label}`;
}

function linkText(event: HostRunEvent & { readonly kind: 'link' }): string {
  const carrier = event.carrier ? 'carrier' : 'no carrier';
  return `${event.link}: ${event.up ? 'up' : 'down'}, ${carrier}`;
}

function programText(event: HostRunEvent & { readonly kind: 'program' }): string {
  const detail = event.detail === undefined ? '' : `: ${event.detail}`;
  return `${event.name}[${event.pid}] ${event.change}${detail}`;
}

function scenarioText(event: ScenarioRunEvent): string {
  switch (event.kind) {
    case 'step':
      return `step ${event.index + 1}: ${event.words === '' ? 'nothing is done' : event.words}`;
    case 'step-refused':
      return `step ${event.index + 1} could not: ${event.reason}`;
    case 'exec': {
      const output = (event.stdout + event.stderr).trimEnd();
      const head = `$ ${event.command} (exit ${event.exitCode})`;
      return output === '' ? head : `${head}\n${indent(output)}`;
    }
    case 'traffic':
      return `${event.traffic}: ${trafficText(event)}`;
    default:
      return eventJson(event);
  }
}

function trafficText(event: ScenarioRunEvent & { readonly kind: 'traffic' }): string {
  const by = 'by' in event && event.by !== undefined ? ` by ${event.by}` : '';
  switch (event.change) {
    case 'first-answer':
      return `answered${by}`;
    case 'answered-by':
      if (event.turn === undefined) return `answered${by} from now on`;
      return event.turn === 'first' ? `answered${by}, for the first time` : `answered${by} again`;
    case 'lost':
      return event.why === undefined ? 'no answer any more' : `no answer any more: ${event.why}`;
    case 'answered-again': {
      const outage = event.outage === undefined ? '' : durationWords(roundMs(event.outage));
      return `answered again${by} after ${outage}, ${event.lost ?? 0} lost`;
    }
  }
}

function neighbourText(event: HostRunEvent & { readonly kind: 'neighbour' }): string {
  const { address, link, mac, state } = event.neighbour;
  const at = mac === undefined ? '' : ` lladdr ${formatMac(mac)}`;
  const words = `neighbour ${formatIp(address)} dev ${link}${at}`;
  return event.change === 'removed' ? `${words} removed` : `${words} ${state}`;
}

function scriptText(event: HostRunEvent & { readonly kind: 'script' }): string {
  const outcome = event.outcome === undefined ? '' : `: ${event.outcome}`;
  return `${event.purpose} script for ${event.subject}: ${event.arguments.join(' ')}${outcome}`;
}

/** A report of the daemon in words. */
function reportText(report: DaemonReport): string {
  switch (report.kind) {
    case 'vrrp-state': {
      const which = `${report.instance} (VRID ${report.vrid})`;
      const change = `${report.from} -> ${report.to}`;
      return `${which} ${change}: ${report.cause}, priority ${report.priority}`;
    }
    case 'group-state':
      return `group ${report.group} -> ${report.to}`;
    case 'priority':
      return `${report.instance} (VRID ${report.vrid}) priority ${report.from} -> ${report.to}`;
    case 'advert-refused':
      return `${report.instance} refused an advert of ${formatIp(report.source)}: ${report.reason}`;
    case 'notification':
      return `notifies ${report.scope} ${report.name} ${report.state} ${report.priority}`;
    case 'mail':
      return `mail to ${report.to.join(', ')}: ${report.subject}`;
    case 'checker':
      return `checker ${report.checker} of ${report.server}: ${report.up ? 'up' : 'down'}`;
    case 'daemon-phase':
      return `keepalived ${report.phase}`;
  }
}

function roundMs(duration: DurationUs): number {
  return duration >= 10_000 ? Math.round(duration / 1000) * 1000 : duration;
}

function indent(text: string): string {
  const margin = ' '.repeat(26);
  return text
    .split('\n')
    .map((line) => margin + line)
    .join('\n');
}
