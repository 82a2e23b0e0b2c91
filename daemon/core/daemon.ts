/**
 * The daemon: keepalived without a machine of its own.
 *
 * Sans-IO. Events and the time go in, commands and one "wake me at" come out; facts are read
 * through the getters of `System`. Calls run to completion. The VRRP part decides in `daemon/vrrp`;
 * this class owns the life cycle (start, reload, stop, signals) and says keepalived's lines about
 * it. Read `system.ts`, `commands.ts` and `events.ts` first.
 */

import { randomBelow } from '../base/random.ts';
import { earliest, later, NO_DURATION, seconds, type TimeUs } from '../base/time.ts';
import { bfdText } from '../bfd/bfd-text.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import type { LifecycleScript } from '../config/global-config.ts';
import { lvsText } from '../lvs/lvs-text.ts';
import { initialise } from '../vrrp/initialise.ts';
import { findInstance, logUnknown, receivePacket } from '../vrrp/receive.ts';
import { advertBeforeReload, reload } from '../vrrp/reload.ts';
import { nextDue, runTimers } from '../vrrp/run-timers.ts';
import { removeAllLinks, shutDown } from '../vrrp/shutdown.ts';
import { closeSockets } from '../vrrp/sockets.ts';
import { bfdChanged } from '../vrrp/tracking.ts';
import { newMachine, takeId, type VrrpMachine, type VrrpSettings } from '../vrrp/vrrp-machine.ts';
import { BfdProcess, type BfdStep } from './bfd-process.ts';
import { CheckerProcess } from './checker-process.ts';
import { type Command, UNCONCERNED, UNKNOWN_VRID } from './commands.ts';
import { loadWithReader } from './config-loader.ts';
import type { DaemonOptions } from './daemon-options.ts';
import type { SystemEvent, VrrpPacketEvent } from './events.ts';
import { createFifos } from './fifo-scripts.ts';
import type { ConfigLoader, LoadedConfig } from './loaded-config.ts';
import { coreText, DEFAULT_VERSION } from './log-text.ts';
import { mailEvent, mailsOf } from './mail-client.ts';
import { metricsText } from './metrics.ts';
import { ParentScript } from './parent-script.ts';
import {
  configNotes,
  vrrpPart,
  wantsBfd,
  wantsCheckers,
  wantsNothing,
  wantsVrrp,
} from './process-plan.ts';
import { newSmtpClient, type SmtpClient, smtpAdvance, smtpDeadline } from './smtp.ts';
import { answerSignal, processIds } from './state-files.ts';
import type { DaemonStatus } from './status.ts';
import { statusOf } from './status-of.ts';
import { SyncFollower } from './sync-follower.ts';
import { versionProfile } from './version-profile.ts';
import { ignoresPackets, vrrpEvent } from './vrrp-events.ts';

/**
 * How long the leave of the group gets to reach the wire. Source: recordings S02, S06a (1.01 s).
 */
const STOP_WAIT = seconds(1);

/** A child ended with a "permanent error". Source: measured with 2.2.7. */
const EXIT_FATAL = 1;

/** Returned whenever nothing is to be done; shared, so that idle packets allocate nothing. */
const NOTHING: readonly Command[] = Object.freeze([]);

/** One keepalived. */
export class Daemon {
  readonly #options: DaemonOptions;
  readonly #version: string;
  readonly #load: ConfigLoader;
  readonly #pid: number;
  #phase: DaemonStatus['phase'] = 'starting';
  #machine: VrrpMachine | undefined;
  #config: DaemonConfig | undefined;
  #mailer: SmtpClient | undefined;
  #checkers: CheckerProcess | undefined;
  #bfd: BfdProcess | undefined;
  #sync: SyncFollower | undefined;
  /** keepalived makes no VRRP process where there is nothing for it to do. */
  #vrrpRuns = true;
  #exitAt: TimeUs | undefined;
  #exitCode = 0;
  /** startup_script or shutdown_script, while it runs or is being ended. */
  #script: ParentScript | undefined;
  #shutdownScript: LifecycleScript | undefined;
  /** The rest of the start, while it waits for startup_script. */
  #begins: ((now: TimeUs) => readonly Command[]) | undefined;
  #out: Command[] = [];

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#version = options.version ?? DEFAULT_VERSION;
    this.#load = options.load ?? loadWithReader;
    this.#pid = options.flags.vrrpPid ?? 1000 + randomBelow(options.random, 30_000);
  }

  /**
   * Reads the configuration and starts; timers begin at `now`. A refused configuration ends in
   * 'exit'.
   */
  start(now: TimeUs): readonly Command[] {
    this.#sayHello();
    const loaded = this.#read();
    const { config } = loaded;
    if (loaded.refused || config === undefined) return this.#refuse(loaded);
    this.#say('parent', coreText.autoPriority());
    const script = config.global.startupScript;
    if (script === undefined) return this.#begin(loaded, config, now);
    this.#shutdownScript = config.global.shutdownScript;
    this.#begins = (at) => this.#begin(loaded, config, at);
    this.#script = new ParentScript('startup', script, now);
    this.#out.push(...this.#script.start());
    return this.#take();
  }

  /** The children's part of the start, after startup_script. */
  #begin(loaded: LoadedConfig, config: DaemonConfig, now: TimeUs): readonly Command[] {
    this.#begins = undefined;
    this.#vrrpRuns = wantsVrrp(config, this.#options.flags);
    if (wantsCheckers(config, this.#options.flags))
      this.#say('parent', coreText.checkerChild(this.#pid + 1));
    if (this.#vrrpRuns) {
      this.#say('parent', coreText.vrrpChild(this.#pid));
      this.#say('vrrp', coreText.reflector());
      this.#say('vrrp', coreText.commandChannel());
    }
    if (wantsBfd(config, this.#options.flags))
      this.#say('parent', coreText.bfdChild(this.#pid + 2));
    const reader = this.#vrrpRuns ? 'vrrp' : 'checkers';
    for (const text of loaded.messages) this.#say(reader, text);
    const machine = newMachine({
      config: vrrpPart(config, this.#options.flags),
      settings: this.#settings(loaded),
      host: this.#options.system,
    });
    this.#machine = machine;
    this.#config = config;
    this.#shutdownScript = config.global.shutdownScript;
    this.#mailer = newSmtpClient(config.global.mail);
    machine.actions = this.#out as VrrpMachine['actions'];
    this.#sayConfigNotes(machine);
    createFifos(machine);
    this.#startSync(machine, config);
    initialise(machine, now);
    this.#setCheckers(machine, config, now);
    const idle = wantsNothing(config, this.#options.flags);
    this.#say('parent', idle ? coreText.nothingToRun() : coreText.startupComplete());
    this.#phase = 'running';
    this.#setBfd(machine, config, now);
    this.#out.push({ kind: 'report', report: { kind: 'daemon-phase', phase: 'started' } });
    runTimers(machine, now);
    this.#postMails(machine, now);
    return this.#take();
  }

  /**
   * Something happened. Packets that concern no instance cost a table look-up and return a shared
   * list.
   */
  receive(now: TimeUs, event: SystemEvent): readonly Command[] {
    if (event.kind === 'script-exited' && event.id === this.#script?.id) {
      return this.#scriptMoved(this.#script, this.#script.exited(event.outcome), now);
    }
    const machine = this.#machine;
    if (machine === undefined || this.#phase !== 'running') return NOTHING;
    if (event.kind === 'vrrp-packet') return this.#receivePacket(machine, event, now);
    const answered = this.#checkers?.receive(event, now);
    if (answered !== undefined) this.#out.push(...answered);
    if (this.#bfd !== undefined) this.#follow(machine, this.#bfd.receive(event, now), now);
    if (this.#bfd?.isLost) return this.#endForBfd(now);
    this.#handle(machine, event, now);
    this.#postMails(machine, now);
    return this.#take();
  }

  /** The moment asked for by `nextDeadline` has come, or a later one: everything due is handled. */
  advance(now: TimeUs): readonly Command[] {
    const machine = this.#machine;
    const script = this.#script;
    if (script !== undefined) {
      const commands = script.advance(now);
      if (this.#phase !== 'running') return this.#scriptMoved(script, commands, now);
      this.#out.push(...commands);
    }
    if (machine === undefined) return NOTHING;
    if (this.#exitAt !== undefined) {
      if (now < this.#exitAt) return NOTHING;
      return this.#finish(machine, now);
    }
    runTimers(machine, now);
    if (this.#bfd !== undefined) this.#follow(machine, this.#bfd.advance(now), now);
    if (this.#checkers !== undefined) this.#out.push(...this.#checkers.advance(now));
    if (this.#mailer !== undefined) this.#out.push(...smtpAdvance(this.#mailer, now));
    this.#postMails(machine, now);
    return this.#take();
  }

  /**
   * SIGHUP. A configuration that keepalived would refuse leaves the daemon without instances, as
   * there.
   */
  reload(now: TimeUs): readonly Command[] {
    if (this.#begins !== undefined) return this.#reloadEarly(this.#begins, now);
    const machine = this.#machine;
    if (machine === undefined || this.#phase !== 'running') return NOTHING;
    this.#say('parent', coreText.reloadingParent());
    const loaded = this.#read();
    advertBeforeReload(machine, now);
    if (this.#vrrpRuns) this.#say('vrrp', coreText.reloadingChild());
    for (const text of loaded.messages) this.#say(this.#vrrpRuns ? 'vrrp' : 'checkers', text);
    if (loaded.config !== undefined && !loaded.refused) {
      this.#config = loaded.config;
      this.#shutdownScript = loaded.config.global.shutdownScript;
      const settings = this.#settings(loaded);
      this.#mailer = newSmtpClient(loaded.config.global.mail);
      reload(machine, { config: vrrpPart(loaded.config, this.#options.flags), settings }, now);
      this.#sayConfigNotes(machine);
      this.#setCheckers(machine, loaded.config, now);
      this.#setBfd(machine, loaded.config, now);
    }
    this.#say('parent', coreText.reloadComplete());
    this.#out.push({ kind: 'report', report: { kind: 'daemon-phase', phase: 'reloaded' } });
    runTimers(machine, now);
    this.#postMails(machine, now);
    return this.#take();
  }

  /** SIGTERM: gives everything up now, exits about a second later. */
  stop(now: TimeUs): readonly Command[] {
    if (this.#phase !== 'running' && this.#begins === undefined) return NOTHING;
    this.#phase = 'stopping';
    this.#say('parent', coreText.stopping());
    this.#out.push({ kind: 'report', report: { kind: 'daemon-phase', phase: 'stopping' } });
    if (this.#script !== undefined) this.#out.push(...this.#script.abandon());
    this.#script = undefined;
    this.#begins = undefined;
    const machine = this.#machine;
    // Children that startup_script kept from starting need no farewell.
    if (machine === undefined) return this.#leave(now);
    if (this.#checkers !== undefined) this.#out.push(...this.#checkers.stop());
    if (this.#sync !== undefined) this.#out.push(...this.#sync.stop());
    if (this.#bfd !== undefined) this.#out.push(...this.#bfd.stop());
    this.#bfd = undefined;
    this.#checkers = undefined;
    this.#sync = undefined;
    shutDown(machine, now);
    closeSockets(machine);
    this.#exitAt = this.#vrrpRuns ? later(now, STOP_WAIT) : now;
    // Mails of the end get a connection and no more: nobody reads answers any longer (recorded).
    this.#postMails(machine, now);
    return this.#take();
  }

  /** The BFD process ended for good: so does everything, as by SIGTERM, with an exit code of its own. */
  #endForBfd(now: TimeUs): readonly Command[] {
    this.#exitCode = EXIT_FATAL;
    this.#say('parent', coreText.childLost(this.#pid + 2));
    return this.stop(now);
  }

  /** When `advance` wants to be called next; `undefined`: not before something happens. */
  nextDeadline(): TimeUs | undefined {
    if (this.#exitAt !== undefined) return this.#exitAt;
    const scriptDue = this.#script?.deadline;
    if (this.#machine === undefined || this.#phase !== 'running') return scriptDue;
    const due = earliest(nextDue(this.#machine), scriptDue);
    const mailDue = this.#mailer === undefined ? undefined : smtpDeadline(this.#mailer);
    const others = earliest(this.#checkers?.nextDeadline(), this.#bfd?.nextDeadline());
    return earliest(earliest(due, mailDue), others);
  }

  /** A snapshot for verdicts, tables and metrics. */
  status(): DaemonStatus {
    const services = this.#checkers?.status();
    return statusOf(this.#machine, this.#phase, { services, bfd: this.#bfd?.status() });
  }

  /** The daemon's numbers in Prometheus' text form. */
  metricsText(): string {
    const { services = [], bfd = [] } = this.status();
    return metricsText(this.#machine, services, bfd);
  }

  #receivePacket(machine: VrrpMachine, event: VrrpPacketEvent, now: TimeUs): readonly Command[] {
    const found = findInstance(machine, event.interface, event.packet, event.at);
    if (found === undefined) {
      if (!machine.config.globals.logUnknownVrids) return UNKNOWN_VRID;
      logUnknown(machine, event.interface, event);
    } else if (ignoresPackets(found)) {
      return UNCONCERNED;
    } else {
      receivePacket(machine, found, event, now);
    }
    this.#postMails(machine, now);
    return this.#take();
  }

  #handle(machine: VrrpMachine, event: SystemEvent, now: TimeUs): void {
    if (event.kind === 'signal' && this.#config !== undefined) {
      const { system, flags } = this.#options;
      const pids = processIds(this.#pid, flags.vrrpPid !== undefined);
      const [bfd, checkers] = [this.#bfd, this.#checkers];
      const parts = { machine, config: this.#config, bfd, checkers };
      this.#out.push(...answerSignal(parts, event.signal, { system, pids, now }));
    }
    if (this.#mailer !== undefined) this.#out.push(...mailEvent(this.#mailer, event, now));
    vrrpEvent(machine, event, now);
  }

  /** Every mail that was reported just now goes on its way, where there is a server for it. */
  #postMails(machine: VrrpMachine, now: TimeUs): void {
    if (this.#mailer === undefined) return;
    const { system } = this.#options;
    this.#out.push(...mailsOf(this.#mailer, this.#out, { machine, system, now }));
  }

  /** A BFD session went up or down. */
  bfdChanged(now: TimeUs, name: string, up: boolean): readonly Command[] {
    const machine = this.#machine;
    if (machine === undefined || this.#phase !== 'running') return NOTHING;
    this.#follow(machine, [{ kind: 'bfd-news', name, up, vrrp: true, checker: true }], now);
    return this.#take();
  }

  /** Hands on what the BFD part wants; VRRP and checkers hear its news where they stand in the list. */
  #follow(machine: VrrpMachine, steps: readonly BfdStep[], now: TimeUs): void {
    for (const step of steps) {
      if (step.kind !== 'bfd-news') {
        this.#out.push(step);
        continue;
      }
      const { name, up } = step;
      const bfd = step.vrrp ? machine.bfds.find((one) => one.name === name) : undefined;
      const detailed = this.#options.flags.logDetail && machine.instances.length > 0;
      if (step.vrrp && detailed) this.#say('vrrp', bfdText.event(name, up));
      if (bfd !== undefined) bfdChanged(machine, bfd, up, now);
      if (step.checker && this.#checkers !== undefined) {
        this.#out.push(...this.#checkers.bfdChanged({ name, up }, now));
      }
    }
  }

  /** startup_script or shutdown_script ended, or its time did: what waited for it goes on. */
  #scriptMoved(
    script: ParentScript,
    commands: readonly Command[],
    now: TimeUs,
  ): readonly Command[] {
    this.#out.push(...commands);
    if (script.isAwaited || this.#phase === 'running') return this.#take();
    return this.#begins === undefined ? this.#exit() : this.#begins(now);
  }

  /** SIGHUP while startup_script runs: read again, and start without waiting (measured). */
  #reloadEarly(begins: (now: TimeUs) => readonly Command[], now: TimeUs): readonly Command[] {
    this.#say('parent', coreText.reloadingParent());
    if (this.#script !== undefined) this.#out.push(...this.#script.abandon());
    this.#script = undefined;
    const loaded = this.#read();
    if (loaded.config === undefined || loaded.refused) return begins(now);
    return this.#begin(loaded, loaded.config, now);
  }

  #finish(machine: VrrpMachine, now: TimeUs): readonly Command[] {
    this.#exitAt = undefined;
    removeAllLinks(machine);
    if (this.#vrrpRuns)
      this.#say('vrrp', coreText.stoppedChild(this.#options.system.processorTime?.()));
    return this.#leave(now);
  }

  /** The children are gone: shutdown_script, then the end. */
  #leave(now: TimeUs): readonly Command[] {
    const script = this.#shutdownScript;
    if (script === undefined) return this.#exit();
    this.#script = new ParentScript('shutdown', script, now);
    this.#out.push(...this.#script.start());
    return this.#take();
  }

  #exit(): readonly Command[] {
    this.#phase = 'stopped';
    this.#script = undefined;
    this.#say('parent', coreText.cpuUsage(this.#options.system.processorTime?.()));
    this.#say('parent', coreText.stopped(this.#version));
    this.#out.push({ kind: 'report', report: { kind: 'daemon-phase', phase: 'stopped' } });
    this.#out.push({ kind: 'exit', code: this.#exitCode });
    return this.#take();
  }

  #refuse(loaded: LoadedConfig): readonly Command[] {
    for (const text of loaded.messages) this.#say('vrrp', text);
    this.#say('parent', coreText.stopped(this.#version));
    this.#phase = 'stopped';
    this.#out.push({ kind: 'report', report: { kind: 'daemon-phase', phase: 'stopped' } });
    this.#out.push({ kind: 'exit', code: loaded.exitCode });
    return this.#take();
  }

  #sayHello(): void {
    const { flags, configPath, system } = this.#options;
    this.#say('parent', coreText.starting(this.#version));
    this.#say('parent', coreText.running(system.sysctl('kernel.osrelease')));
    const usual = ['keepalived', ...(flags.logDetail ? ['-D'] : []), '-f', configPath];
    this.#say('parent', coreText.commandLine(flags.commandLine ?? usual));
  }

  #read(): LoadedConfig {
    const { system, configPath, configId, random, flags } = this.#options;
    this.#say('parent', coreText.opening(configPath));
    const loaded = this.#load({
      system,
      path: configPath,
      configId,
      allFiles: flags.allConfigFiles ?? false,
      random,
      version: this.#version,
    });
    this.#say('parent', coreText.configuration(configPath));
    return loaded;
  }

  /**
   * Lines about the configuration as a whole that keepalived says unless the reader said them
   * already.
   */
  #sayConfigNotes(machine: VrrpMachine): void {
    const said = new Set(this.#out.map((c) => (c.kind === 'log' ? c.text : '')));
    for (const text of configNotes(machine.config)) {
      if (!said.has(text)) this.#say('vrrp', text);
    }
  }

  #settings(loaded: LoadedConfig): VrrpSettings {
    const mail = loaded.config?.global.mail;
    return {
      logDetail: this.#options.flags.logDetail,
      mailTo: mail?.recipients ?? [],
      routerId: loaded.config?.global.routerId ?? this.#options.system.hostname(),
      noEmailFaults: mail?.noEmailFaults ?? false,
      transitionTime: this.#options.transitionTime ?? NO_DURATION,
      ...versionProfile(this.#version),
    };
  }

  /** Starts, reloads or ends the checkers' process, as the configuration wants it. */
  #setCheckers(machine: VrrpMachine, config: DaemonConfig, now: TimeUs): void {
    const wanted = wantsCheckers(config, this.#options.flags);
    if (wanted && this.#checkers !== undefined) {
      this.#out.push(...this.#checkers.reload(config, now));
    } else if (wanted) {
      const { system, random, flags } = this.#options;
      const { logDetail } = flags;
      const take = () => takeId(machine);
      this.#checkers = new CheckerProcess(config, { system, random, takeId: take, logDetail });
      this.#out.push(...this.#checkers.start(config, now));
    } else if (this.#checkers !== undefined) {
      this.#out.push(...this.#checkers.stop());
      this.#checkers = undefined;
    }
  }

  /** Starts, reloads or ends the BFD part, as the configuration wants it. */
  #setBfd(machine: VrrpMachine, config: DaemonConfig, now: TimeUs): void {
    const wanted = wantsBfd(config, this.#options.flags);
    if (wanted && this.#bfd !== undefined) {
      this.#follow(machine, this.#bfd.reload(config.bfd, now), now);
    } else if (wanted) {
      const { random, flags } = this.#options;
      const take = () => takeId(machine);
      this.#bfd = new BfdProcess({ random, takeId: take, logDetail: flags.logDetail });
      this.#follow(machine, this.#bfd.start(config.bfd, now), now);
    } else if (this.#bfd !== undefined) {
      this.#out.push(...this.#bfd.stop());
      this.#bfd = undefined;
    }
  }

  #startSync(machine: VrrpMachine, config: DaemonConfig): void {
    const sync = config.global.lvsSyncDaemon;
    if (sync === undefined || !this.#vrrpRuns) return;
    this.#say('vrrp', lvsText.initialising());
    this.#sync = new SyncFollower(sync, () => takeId(machine));
    this.#out.push(...this.#sync.start());
  }

  #say(process: 'parent' | 'vrrp' | 'checkers', text: string): void {
    this.#out.push({ kind: 'log', process, level: 'info', text });
  }

  /** Hands the collected commands over; the machine writes into the same list all the time. */
  #take(): readonly Command[] {
    const out = this.#out;
    if (out.length === 0) return NOTHING;
    this.#out = [];
    if (this.#machine !== undefined) {
      this.#machine.actions = this.#out as VrrpMachine['actions'];
    }
    return this.#sync === undefined ? out : this.#sync.follow(out);
  }
}
