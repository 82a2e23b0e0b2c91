/** Carries out a drawn plan before the real kernel's IPVS and writes what it did, as `../../ipvs/schedulers` has it. */

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { made, type Segment } from './frames.ts';
import { type Entry, MACS, SchedulerLab, SERVER_NET, serverMac } from './lab.ts';
import { type DrawnServer, type DrawnStep, endText, type SchedulerPlan } from './plan.ts';

const FIN_ACK = 0x11;
const SYN = 0x02;
const RST_ACK = 0x14;
const ACK = 0x10;
const SYN_ACK = 0x12;
const DESTINATION_OCTET = 5;

type Exchange = Extract<DrawnStep, { readonly client: string }>;
type Told = Readonly<Record<string, unknown>>;
/** Does something while nothing else is done: the stamp of a step holds for all of it. */
export type Turn = <T>(act: () => Promise<T>) => Promise<T>;
/** Stamps may be off by as much as `../../ipvs-clock.ts` allows. */
const STALL_MS = 280;

/** Records one plan into a file of the folder. */
export async function recordPlan(plan: SchedulerPlan, folder: string, turn: Turn): Promise<void> {
  const name = `${plan.scheduler}-r${plan.number}`;
  const run = await turn(async () => new PlanRun(plan, turn));
  const steps = await run.steps();
  await turn(async () => writeFileSync(`${folder}/${name}.json`, run.end(name, steps)));
}

class PlanRun {
  readonly #plan: SchedulerPlan;
  readonly #turn: Turn;
  readonly #lab: SchedulerLab;
  readonly #key: string;
  readonly #more: string;
  readonly #told: Told;

  constructor(plan: SchedulerPlan, turn: Turn) {
    this.#plan = plan;
    this.#turn = turn;
    const { service, protocol, persistent, onePacket, family } = plan;
    this.#lab = new SchedulerLab(plan.number, 'fwmark' in service);
    this.#key =
      'fwmark' in service
        ? `-f ${service.fwmark}${family === 'inet6' ? ' -6' : ''}`
        : `-${protocol === 'udp' ? 'u' : 't'} ${service.vip}`;
    const mask = persistent === undefined ? '' : maskText(persistent.prefix, family);
    this.#more = `${persistent === undefined ? '' : ` -p ${persistent.timeout} -M ${mask}`}${onePacket ? ' --ops' : ''}`;
    for (const [setting, value] of plan.sysctl) this.#lab.set(setting, value);
    if (plan.timeouts !== null) this.#lab.run(`ipvsadm --set ${plan.timeouts}`);
    this.#lab.run(
      `ipvsadm -A ${this.#key} -s ${schedulerWords(plan.scheduler, plan.flags)}${this.#more}`,
    );
    for (const server of plan.servers) this.#lab.run(this.#serverLine('-a', server));
    const { service: line, rows } = this.#lab.table();
    this.#told = {
      kernel_list_order_at_start: rows.map(([server]) => server),
      kernel_service_flags: line,
    };
  }

  /** The recording, when its steps are done. */
  end(name: string, steps: readonly Told[]): string {
    const final = { ipvsadm_Ln: this.#lab.run('ipvsadm -Ln') };
    this.#lab.close();
    const head = { ...headOf(this.#plan, name, this.#told), final, steps: [] };
    const lines = steps.map((step) => `  ${JSON.stringify(step)}`).join(',\n');
    const text = JSON.stringify(head, undefined, 1);
    return `${text.replace(/"steps": \[\]/, `"steps": [\n${lines}\n ]`)}\n`;
  }

  /** Does all steps, each in its turn. */
  async steps(): Promise<Told[]> {
    const begun = performance.now();
    const told: Told[] = [];
    let last = '';
    const tell = (what: Told, at: number, before: unknown, after: unknown) => {
      const t = Number(((at - begun) / 1000).toFixed(3));
      const news = JSON.stringify(before) === last ? {} : { before };
      told.push({ ...what, t, ...news, after });
      last = JSON.stringify(after);
    };
    for (const step of this.#plan.steps) {
      const lasted = await this.#turn(async () => {
        const before = this.#lab.table().rows;
        const at = performance.now();
        if (step.op === 'wait') tell(step, at, before, before);
        else tell(await this.#perform(step), at, before, this.#lab.table().rows);
        return performance.now() - at;
      });
      // The machine stood still among packets: what is told of their moment does not hold.
      if ('client' in step && lasted > STALL_MS) return told.slice(0, -1);
      if (step.op === 'wait') await sleep(step.seconds * 1000);
    }
    return told;
  }

  async #perform(step: Exclude<DrawnStep, { readonly op: 'wait' }>): Promise<Told> {
    const lab = this.#lab;
    switch (step.op) {
      case 'setweight':
      case 'add':
        lab.run(this.#serverLine(step.op === 'add' ? '-a' : '-e', step));
        return { op: step.op, ...this.#serverTold(step) };
      case 'remove':
        lab.run(`ipvsadm -d ${this.#key} -r ${this.#serverEnd(step.octet)}`);
        return { op: step.op, server: this.#serverEnd(step.octet) };
      case 'setscheduler':
        lab.run(
          `ipvsadm -E ${this.#key} -s ${schedulerWords(step.scheduler, step.flags)}${this.#more}`,
        );
        return step;
      default:
        return { ...step, ...(await this.#exchange(step)) };
    }
  }

  async #exchange(step: Exchange): Promise<Told> {
    switch (step.op) {
      case 'packet': {
        const octet = await this.#ask(step, 0);
        const entry = this.#entry(step);
        if (octet === undefined) return { chosen: null };
        // One-packet scheduling leaves no entry; who got it stands in the frame.
        return { chosen: entry?.server ?? this.#chosenEnd(step, octet), state: entry?.state };
      }
      case 'connect':
      case 'syn': {
        const octet = await this.#ask(step, SYN);
        if (octet === undefined) return { chosen: null };
        if (step.op === 'connect') {
          await this.#answer(step, SYN_ACK);
          await this.#ask(step, ACK);
        }
        const entry = this.#entry(step);
        return { chosen: entry?.server ?? null, state: entry?.state ?? null };
      }
      case 'close': {
        if ((await this.#ask(step, FIN_ACK)) === undefined) break;
        await this.#answer(step, ACK);
        await this.#answer(step, FIN_ACK);
        await this.#ask(step, ACK);
        break;
      }
      case 'reset':
        await this.#ask(step, RST_ACK);
        break;
      case 'server_reset':
        await this.#answer(step, RST_ACK);
        break;
    }
    return { state: this.#entry(step)?.state ?? null };
  }

  /** Sends a packet of the client's; the last octet of the server that got it. */
  async #ask({ client, vip }: Exchange, flags: number): Promise<number | undefined> {
    this.#lab.back.drain();
    const { front, client: own } = MACS;
    this.#lab.front.send(made(own, front, this.#segment(client, vip, flags)));
    await this.#lab.settled('front');
    const got = this.#lab.back
      .drain()
      .find(({ bytes }) => bytes.readUInt16BE(4) === 0x0b00 + (bytes[5] ?? 0));
    return got?.bytes[DESTINATION_OCTET];
  }

  /** A segment of the server's, which passes the director with NAT only. */
  async #answer(step: Exchange, flags: number): Promise<void> {
    const entry = this.#entry(step);
    if (entry === undefined || this.#plan.method !== '-m') return;
    const octet = octetOf(entry.server);
    this.#lab.back.send(
      made(serverMac(octet), MACS.back, this.#segment(entry.server, step.client, flags)),
    );
    await this.#lab.settled('back');
  }

  #segment(from: string, to: string, flags: number): Segment {
    return { from, to, flags, protocol: this.#plan.protocol };
  }

  /** Of several entries of one client the newest stands first. */
  #entry({ client, vip }: Exchange): Entry | undefined {
    return this.#lab.entries().find((one) => one.client === client && one.virtual === vip);
  }

  #chosenEnd({ vip }: Exchange, octet: number): string {
    const { serverPort, family } = this.#plan;
    const port = serverPort === 0 ? Number(vip.slice(vip.lastIndexOf(':') + 1)) : serverPort;
    return endText(`${SERVER_NET[family]}${octet}`, port);
  }

  #serverEnd(octet: number): string {
    const { family, serverPort } = this.#plan;
    return endText(`${SERVER_NET[family]}${octet}`, serverPort);
  }

  #serverLine(command: '-a' | '-e', { octet, weight, upper, lower }: DrawnServer): string {
    const { method } = this.#plan;
    return `ipvsadm ${command} ${this.#key} -r ${this.#serverEnd(octet)} ${method} -w ${weight} -x ${upper} -y ${lower}`;
  }

  #serverTold({ octet, weight, upper, lower }: DrawnServer): Told {
    const server = this.#serverEnd(octet);
    return { server, weight, upper_threshold: upper, lower_threshold: lower };
  }
}

function headOf(plan: SchedulerPlan, name: string, told: Told): Told {
  const { family } = plan;
  return {
    name,
    scheduler: plan.scheduler,
    flags: plan.flags,
    forwarding: FORWARDING[plan.method],
    protocol: plan.protocol,
    service: plan.service,
    note: `drawn by test/reference/record/schedulers, number ${plan.number}`,
    sysctl: Object.fromEntries(plan.sysctl),
    timeouts_tcp_tcpfin_udp: plan.timeouts,
    one_packet: plan.onePacket,
    persistent: plan.persistent,
    servers: plan.servers.map(({ octet, weight, upper, lower }) => ({
      addr: `${SERVER_NET[family]}${octet}`,
      port: plan.serverPort,
      weight,
      upper_threshold: upper,
      lower_threshold: lower,
    })),
    ...told,
  };
}

const FORWARDING = { '-m': 'masq (-m)', '-g': 'dr (-g)', '-i': 'tun (-i)' } as const;

function schedulerWords(scheduler: string, flags: string): string {
  return flags === '' ? scheduler : `${scheduler} -b ${flags.replaceAll(' ', ',')}`;
}

function octetOf(end: string): number {
  return Number(/(\d+)\]?:\d+$/.exec(end)?.[1]);
}

/** A netmask of IPv4, a prefix length of IPv6. */
function maskText(prefix: number, family: 'inet' | 'inet6'): string {
  if (family === 'inet6') return String(prefix);
  const bits = '1'.repeat(prefix).padEnd(32, '0');
  return (bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)).join('.');
}
