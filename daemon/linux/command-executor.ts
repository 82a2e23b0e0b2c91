/**
 * Carries the daemon's commands out on a real host, in order, each before the next: an address is set before
 * the gratuitous ARP that announces it leaves. What answers or fails comes back as an event with the id.
 * It remembers what it added, so that every exit that can be caught leaves the host as it was.
 */

import { writeFileSync } from 'node:fs';
import { unreachable } from '../base/assert.ts';
import type { AddressSpec, Command, CommandId } from '../core/commands.ts';
import type { SystemEvent } from '../core/events.ts';
import type { DaemonReport } from '../core/reports.ts';
import { FifoOutput } from './fifo-output.ts';
import { Firewall } from './firewall.ts';
import { IpBatch } from './ip-batch.ts';
import { type IpCommand, ipFamilyOf, ipWords, isAlreadyThere } from './ip-words.ts';
import { IpvsChannel } from './ipvs-channel.ts';
import { sysctlPath } from './linux-system.ts';
import type { LogLine } from './log-output.ts';
import type { NetworkClients } from './network-clients.ts';
import { replaceFile } from './replace-file.ts';
import type { ScriptRunner } from './script-runner.ts';
import type { VrrpTransport } from './vrrp-transport.ts';

/** What the executor stands on. */
export interface CommandExecutorOptions {
  readonly transport: VrrpTransport;
  readonly scripts: ScriptRunner;
  readonly clients: NetworkClients;
  readonly deliver: (event: SystemEvent) => void;
  readonly log: (line: LogLine) => void;
  readonly report: (report: DaemonReport) => void;
  readonly exit: (code: number) => void;
  /** A link of ours is being made, or is made and up as far as it can be. */
  readonly linkMaking: (name: string, phase: 'begins' | 'done') => void;
  /** `--dont-release-vrrp`: addresses, routes and rules stay when the daemon stops. */
  readonly keepAddresses: boolean;
  /** `--dont-release-ipvs`: virtual services stay when the daemon stops. */
  readonly keepIpvs: boolean;
  /** Programs, for tests. */
  readonly ipProgram?: string;
}

/** The hands of the daemon; one command at a time. */
export class CommandExecutor {
  readonly #options: CommandExecutorOptions;
  readonly #queue: Command[] = [];
  readonly #ip: { readonly inet: IpBatch; readonly inet6: IpBatch };
  readonly #firewall = new Firewall();
  readonly #fifos = new FifoOutput();
  readonly #ipvs = new IpvsChannel({ namespace: () => this.ipvsNamespace });
  /** What was added and not yet removed, by the words that remove it. */
  readonly #added = new Map<string, IpCommand>();
  #busy = false;
  #pumping = false;
  #stopping = false;

  /** The file of the namespace whose IPVS table is meant, before the first service is made; `undefined`: the daemon's. */
  ipvsNamespace: string | undefined;

  constructor(options: CommandExecutorOptions) {
    this.#options = options;
    this.#ip = {
      inet: new IpBatch('inet', { command: options.ipProgram }),
      inet6: new IpBatch('inet6', { command: options.ipProgram }),
    };
  }

  /** Takes commands; they begin at once when nothing is under way. */
  submit(commands: readonly Command[]): void {
    for (const command of commands) this.#queue.push(command);
    this.#pump();
  }

  /** Commands that have not been carried out yet. */
  get pending(): number {
    return this.#queue.length + (this.#busy ? 1 : 0);
  }

  /** From now on deletions belong to the daemon's end; matters for `keepAddresses` and `keepIpvs`. */
  beginStop(): void {
    this.#stopping = true;
  }

  /** An interface was removed: iproute2 must not use its old number. */
  forgetInterfaces(): void {
    this.#ip.inet.forgetInterfaces();
    this.#ip.inet6.forgetInterfaces();
  }

  /** Makes a FIFO before its first line, so that readers can wait for it. */
  prepareFifo(path: string): void {
    const failure = this.#fifos.prepare(path);
    if (failure !== undefined) this.#logFailure(`Unable to open FIFO ${path}: ${failure}`);
  }

  /** Removes at once what is still there of ours: the last resort of an exit that was not orderly. */
  withdrawNow(): void {
    this.#queue.length = 0;
    const added = this.#options.keepAddresses ? [] : [...this.#added.values()].reverse();
    for (const command of added) {
      this.#ip[ipFamilyOf(command)].runNow(ipWords(inverseOf(command)));
    }
    this.#added.clear();
    this.#firewall.clearNow();
    this.#options.scripts.killAll();
    this.#fifos.close();
  }

  /** Lets the helpers go; nothing is withdrawn here. */
  close(): void {
    this.#ip.inet.close();
    this.#ip.inet6.close();
    this.#ipvs.close();
    this.#fifos.close();
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#busy) {
      const command = this.#queue.shift();
      if (command === undefined) break;
      this.#carryOut(command);
    }
    this.#pumping = false;
  }

  /** Holds the queue until `begin` calls back, which it may do before it returns. */
  #hold(begin: (done: () => void) => void): void {
    this.#busy = true;
    begin(() => {
      this.#busy = false;
      this.#pump();
    });
  }

  #carryOut(command: Command): void {
    const { transport, scripts, clients } = this.#options;
    switch (command.kind) {
      case 'address-add':
      case 'address-delete':
      case 'route-add':
      case 'route-append':
      case 'route-delete':
      case 'rule-add':
      case 'rule-delete':
      case 'link-add':
      case 'link-delete':
      case 'link-up':
        this.#runIp(command);
        return;
      case 'firewall-add':
      case 'firewall-delete':
        this.#hold((done) => {
          this.#firewall.carryOut(command, (failure) => {
            if (failure !== undefined) this.#logFailure(`nftables: ${failure}`);
            done();
          });
        });
        return;
      case 'sysctl-write':
        this.#writeFile(sysctlPath(command.name), command.value);
        return;
      case 'vrrp-open':
      case 'vrrp-close': {
        const failure = transport.carryOut(command);
        if (failure !== undefined) this.#failed(command.id, failure);
        return;
      }
      case 'ip-send':
      case 'frame-send':
        this.#hold((done) => {
          transport.send(command, (failure) => {
            if (failure !== undefined) this.#sendFailed(command.interface, failure);
            done();
          });
        });
        return;
      case 'stream-open':
      case 'stream-send':
      case 'stream-close':
        clients.stream(command);
        return;
      case 'datagram-open':
      case 'datagram-send':
      case 'datagram-close':
        clients.datagram(command);
        return;
      case 'resolve':
        clients.resolve(command);
        return;
      case 'script-run':
      case 'script-signal':
        scripts.carryOut(command);
        return;
      case 'ipvs':
        this.#runIpvs(command.id, command.words);
        return;
      case 'log':
        this.#options.log(command);
        return;
      case 'fifo-write': {
        const failure = this.#fifos.write(command.path, command.line);
        if (failure !== undefined) this.#logFailure(`FIFO ${command.path}: ${failure}`);
        return;
      }
      case 'file-write': {
        const failure = replaceFile(command.path, command.bytes);
        if (failure !== undefined) this.#logFailure(failure);
        return;
      }
      case 'report':
        this.#options.report(command.report);
        return;
      case 'exit':
        this.#ipvs.whenIdle(() => this.#options.exit(command.code));
        return;
      default:
        unreachable(command);
    }
  }

  #runIp(command: IpCommand): void {
    if (this.#stopping && this.#options.keepAddresses && isRelease(command)) return;
    this.#remember(command);
    if (command.kind === 'link-add') this.#options.linkMaking(command.name, 'begins');
    this.#hold((done) => {
      this.#ip[ipFamilyOf(command)].run(ipWords(command), (failure) => {
        if (failure !== undefined && !isAlreadyThere(command.kind, failure)) {
          if (isAddition(command)) this.#added.delete(additionKey(command));
          // What is to be removed may be gone already: an interface takes its addresses along.
          if (!isRelease(command)) this.#logFailure(`ip ${ipWords(command).join(' ')}: ${failure}`);
          this.#failed(command.id, failure);
        }
        if (command.kind === 'link-up') this.#options.linkMaking(command.name, 'done');
        done();
      });
    });
  }

  #remember(command: IpCommand): void {
    if (isAddition(command)) this.#added.set(additionKey(command), command);
    else if (command.kind !== 'link-up') this.#added.delete(additionKey(command));
  }

  #runIpvs(id: CommandId, words: readonly string[]): void {
    if (this.#stopping && this.#options.keepIpvs) return;
    this.#ipvs.run(words, (failure) => {
      if (failure !== undefined) this.#failed(id, failure);
    });
  }

  #writeFile(path: string, content: string): void {
    try {
      writeFileSync(path, content);
    } catch (error) {
      this.#logFailure(error instanceof Error ? error.message : String(error));
    }
  }

  #failed(id: CommandId, reason: string): void {
    this.#options.deliver({ kind: 'command-failed', id, reason });
  }

  #sendFailed(device: string, failure: string): void {
    // A link that is down refuses packets; keepalived says nothing of it either, netlink does.
    if (/Network is down|ENETDOWN/.test(failure)) return;
    this.#logFailure(`send on ${device} failed: ${failure}`);
  }

  #logFailure(text: string): void {
    this.#options.log({ kind: 'log', process: 'vrrp', level: 'warning', text });
  }
}

function isAddition(command: IpCommand): boolean {
  return /-(add|append)$/.test(command.kind);
}

function isRelease(command: IpCommand): boolean {
  return /^(address|route|rule|link)-delete$/.test(command.kind);
}

/** The command that takes an addition back. */
function inverseOf(command: IpCommand): IpCommand {
  switch (command.kind) {
    case 'address-add':
      return { ...command, kind: 'address-delete' };
    case 'route-add':
    case 'route-append':
      return { ...command, kind: 'route-delete' };
    case 'rule-add':
      return { ...command, kind: 'rule-delete' };
    case 'link-add':
      return { kind: 'link-delete', id: command.id, name: command.name };
    default:
      return command;
  }
}

/** Same for an addition and for its removal. */
function additionKey(command: IpCommand): string {
  if ('address' in command) return `address ${addressKey(command.address)}`;
  if ('words' in command) {
    const noun = command.kind.startsWith('route') ? 'route' : 'rule';
    return `${noun} ${command.family} ${command.words.join(' ')}`;
  }
  return `link ${command.name}`;
}

function addressKey(spec: AddressSpec): string {
  return `${spec.interface} ${spec.address} ${spec.length}`;
}
