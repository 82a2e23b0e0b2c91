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
import type { DaemonConfig } from '../config/daemon-config.ts';
import type { LifecycleScript } from '../config/global-config.ts';
import { initialise } from '../vrrp/initialise.ts';
import { findInstance, logUnknown, receivePacket } from '../vrrp/receive.ts';
import { advertBeforeReload, reload } from '../vrrp/reload.ts';
import { nextDue, runTimers } from '../vrrp/run-timers.ts';
import { removeAllLinks, shutDown } from '../vrrp/shutdown.ts';
import { closeSockets } from '../vrrp/sockets.ts';
import { newMachine, type VrrpMachine, type VrrpSettings } from '../vrrp/vrrp-machine.ts';
import { type Command, UNCONCERNED, UNKNOWN_VRID } from './commands.ts';
import { loadWithReader } from './config-loader.ts';
import type { DaemonOptions } from './daemon-options.ts';
import type { SystemEvent, VrrpPacketEvent } from './events.ts';
import { createFifos } from './fifo-scripts.ts';
import type { ConfigLoader, LoadedConfig } from './loaded-config.ts';
import { coreText, DEFAULT_VERSION } from './log-text.ts';
import { mailEvent, mailsOf } from './mail-client.ts';
import { metricsText } from './metrics.ts';
import { NOTHING, Outbox } from './outbox.ts';
import { ParentScript } from './parent-script.ts';
import {
  configNotes,
  vrrpPart,
  wantsBfd,
  wantsCheckers,
  wantsNothing,
  wantsVrrp,
} from './process-plan.ts';
import { SiblingProcesses } from './sibling-processes.ts';
import { newSmtpClient, type SmtpClient, smtpAdvance, smtpDeadline } from './smtp.ts';
import { answerSignal, processIds } from './state-files.ts';
import type { DaemonStatus } from './status.ts';
import { statusOf } from './status-of.ts';
import { versionProfile } from './version-profile.ts';
import { ignoresPackets, vrrpEvent } from './vrrp-events.ts';

/**
 * How long the leave of the group gets to reach the wire. Source: recordings S02, S06a (1.01 s).
 */
const STOP_WAIT = seconds(1);

/** A child ended with a "permanent error". Source: measured with 2.2.7. */
const EXIT_FATAL = 1;

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
  readonly #siblings: SiblingProcesses;
  /** keepalived makes no VRRP process where there is nothing for it to do. */
  #vrrpRuns = true;
  #exitAt: TimeUs | undefined;
  #exitCode = 0;
  /** startup_script or shutdown_script, while it runs or is being ended. */
  #script: ParentScript | undefined;
  #shutdownScript: LifecycleScript | undefined;
  /** The rest of the start, while it waits for startup_script. */
  #begins: ((now: TimeUs) => readonly Command[]) | undefined;
  readonly #outbox = new Outbox();

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#version = options.version ?? DEFAULT_VERSION;
    this.#load = options.load ?? loadWithReader;
    this.#siblings = new SiblingProcesses(options, this.#outbox);
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
    this.#outbox.say('parent', coreText.autoPriority());
    const script = config.global.startupScript;
    if (script === undefined) return this.#begin(loaded, config, now);
    this.#shutdownScript = config.global.shutdownScript;
    this.#begins = (at) => this.#begin(loaded, config, at);
    this.#script = new ParentScript('startup', script, now);
    this.#outbox.push(...this.#script.start());
    return this.#take();
  }

  /** The children's part of the start, after startup_script. */
  #begin(loaded: LoadedConfig, config: DaemonConfig, now: TimeUs): readonly Command[] {
    this.#begins = undefined;
    this.#vrrpRuns = wantsVrrp(config, this.#options.flags);
    if (wantsCheckers(config, this.#options.flags))
      this.#outbox.say('parent', coreText.checkerChild(this.#pid + 1));
    if (this.#vrrpRuns) {
      this.#outbox.say('parent', coreText.vrrpChild(this.#pid));
      this.#outbox.say('vrrp', coreText.reflector());
      this.#outbox.say('vrrp', coreText.commandChannel());
    }
    if (wantsBfd(config, this.#options.flags))
      this.#outbox.say('parent', coreText.bfdChild(this.#pid + 2));
    const reader = this.#vrrpRuns ? 'vrrp' : 'checkers';
    for (const text of loaded.messages) this.#outbox.say(reader, text);
    const machine = newMachine({
      config: vrrpPart(config, this.#options.flags),
      settings: this.#settings(loaded),
      host: this.#options.system,
    });
    this.#machine = machine;
    this.#config = config;
    this.#shutdownScript = config.global.shutdownScript;
    this.#mailer = newSmtpClient(config.global.mail);
    machine.actions = this.#outbox.vrrpActions;
    this.#sayConfigNotes(machine);
    createFifos(machine);
    if (this.#vrrpRuns) this.#siblings.setSync(machine, config);
    initialise(machine, now);
    this.#siblings.setCheckers(machine, config, now);
    const idle = wantsNothing(config, this.#options.flags);
    this.#outbox.say('parent', idle ? coreText.nothingToRun() : coreText.startupComplete());
    this.#phase = 'running';
    this.#siblings.setBfd(machine, config, now);
    this.#outbox.reportPhase('started');
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
    if (machine === undefined) return NOTHING;
    // The end is no end of complaints: the kernel's answers come behind it.
    if (event.kind === 'command-failed' && this.#siblings.refused(machine, event))
      return this.#take();
    if (this.#phase !== 'running') return NOTHING;
    if (event.kind === 'vrrp-packet') return this.#receivePacket(machine, event, now);
    this.#siblings.receive(machine, event, now);
    if (this.#siblings.lostBfd) return this.#endForBfd(now);
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
      this.#outbox.push(...commands);
    }
    if (machine === undefined) return NOTHING;
    if (this.#exitAt !== undefined) {
      if (now < this.#exitAt) return NOTHING;
      return this.#finish(machine, now);
    }
    runTimers(machine, now);
    this.#siblings.advance(machine, now);
    if (this.#mailer !== undefined) this.#outbox.push(...smtpAdvance(this.#mailer, now));
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
    this.#outbox.say('parent', coreText.reloadingParent());
    const loaded = this.#read();
    advertBeforeReload(machine, now);
    if (this.#vrrpRuns) this.#outbox.say('vrrp', coreText.reloadingChild());
    for (const text of loaded.messages)
      this.#outbox.say(this.#vrrpRuns ? 'vrrp' : 'checkers', text);
    if (loaded.config !== undefined && !loaded.refused) {
      this.#config = loaded.config;
      this.#shutdownScript = loaded.config.global.shutdownScript;
      const settings = this.#settings(loaded);
      this.#mailer = newSmtpClient(loaded.config.global.mail);
      if (this.#vrrpRuns) this.#siblings.setSync(machine, loaded.config);
      reload(machine, { config: vrrpPart(loaded.config, this.#options.flags), settings }, now);
      this.#sayConfigNotes(machine);
      this.#siblings.setCheckers(machine, loaded.config, now);
      this.#siblings.setBfd(machine, loaded.config, now);
    }
    this.#outbox.say('parent', coreText.reloadComplete());
    this.#outbox.reportPhase('reloaded');
    runTimers(machine, now);
    this.#postMails(machine, now);
    return this.#take();
  }

  /** SIGTERM: gives everything up now, exits about a second later. */
  stop(now: TimeUs): readonly Command[] {
    if (this.#phase !== 'running' && this.#begins === undefined) return NOTHING;
    this.#phase = 'stopping';
    this.#outbox.say('parent', coreText.stopping());
    this.#outbox.reportPhase('stopping');
    if (this.#script !== undefined) this.#outbox.push(...this.#script.abandon());
    this.#script = undefined;
    this.#begins = undefined;
    const machine = this.#machine;
    // Children that startup_script kept from starting need no farewell.
    if (machine === undefined) return this.#leave(now);
    this.#siblings.stop();
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
    this.#outbox.say('parent', coreText.childLost(this.#pid + 2));
    return this.stop(now);
  }

  /** When `advance` wants to be called next; `undefined`: not before something happens. */
  nextDeadline(): TimeUs | undefined {
    if (this.#exitAt !== undefined) return this.#exitAt;
    const scriptDue = this.#script?.deadline;
    if (this.#machine === undefined || this.#phase !== 'running') return scriptDue;
    const due = earliest(nextDue(this.#machine), scriptDue);
    const mailDue = this.#mailer === undefined ? undefined : smtpDeadline(this.#mailer);
    return earliest(earliest(due, mailDue), this.#siblings.nextDeadline());
  }

  /** A snapshot for verdicts, tables and metrics. */
  status(): DaemonStatus {
    return statusOf(this.#machine, this.#phase, this.#siblings.status());
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
      const parts = { machine, config: this.#config, ...this.#siblings.dumped };
      this.#outbox.push(...answerSignal(parts, event.signal, { system, pids, now }));
    }
    if (this.#mailer !== undefined) this.#outbox.push(...mailEvent(this.#mailer, event, now));
    vrrpEvent(machine, event, now);
  }

  /** Every mail that was reported just now goes on its way, where there is a server for it. */
  #postMails(machine: VrrpMachine, now: TimeUs): void {
    if (this.#mailer === undefined) return;
    const { system } = this.#options;
    this.#outbox.push(...mailsOf(this.#mailer, this.#outbox.list, { machine, system, now }));
  }

  /** A BFD session went up or down. */
  bfdChanged(now: TimeUs, name: string, up: boolean): readonly Command[] {
    const machine = this.#machine;
    if (machine === undefined || this.#phase !== 'running') return NOTHING;
    this.#siblings.follow(
      machine,
      [{ kind: 'bfd-news', name, up, vrrp: true, checker: true }],
      now,
    );
    return this.#take();
  }

  /** startup_script or shutdown_script ended, or its time did: what waited for it goes on. */
  #scriptMoved(
    script: ParentScript,
    commands: readonly Command[],
    now: TimeUs,
  ): readonly Command[] {
    this.#outbox.push(...commands);
    if (script.isAwaited || this.#phase === 'running') return this.#take();
    return this.#begins === undefined ? this.#exit() : this.#begins(now);
  }

  /** SIGHUP while startup_script runs: read again, and start without waiting (measured). */
  #reloadEarly(begins: (now: TimeUs) => readonly Command[], now: TimeUs): readonly Command[] {
    this.#outbox.say('parent', coreText.reloadingParent());
    if (this.#script !== undefined) this.#outbox.push(...this.#script.abandon());
    this.#script = undefined;
    const loaded = this.#read();
    if (loaded.config === undefined || loaded.refused) return begins(now);
    return this.#begin(loaded, loaded.config, now);
  }

  #finish(machine: VrrpMachine, now: TimeUs): readonly Command[] {
    this.#exitAt = undefined;
    removeAllLinks(machine);
    if (this.#vrrpRuns)
      this.#outbox.say('vrrp', coreText.stoppedChild(this.#options.system.processorTime?.()));
    return this.#leave(now);
  }

  /** The children are gone: shutdown_script, then the end. */
  #leave(now: TimeUs): readonly Command[] {
    const script = this.#shutdownScript;
    if (script === undefined) return this.#exit();
    this.#script = new ParentScript('shutdown', script, now);
    this.#outbox.push(...this.#script.start());
    return this.#take();
  }

  #exit(): readonly Command[] {
    this.#phase = 'stopped';
    this.#script = undefined;
    this.#outbox.say('parent', coreText.cpuUsage(this.#options.system.processorTime?.()));
    this.#outbox.say('parent', coreText.stopped(this.#version));
    this.#outbox.reportPhase('stopped');
    this.#outbox.push({ kind: 'exit', code: this.#exitCode });
    return this.#take();
  }

  #refuse(loaded: LoadedConfig): readonly Command[] {
    for (const text of loaded.messages) this.#outbox.say('vrrp', text);
    this.#outbox.say('parent', coreText.stopped(this.#version));
    this.#phase = 'stopped';
    this.#outbox.reportPhase('stopped');
    this.#outbox.push({ kind: 'exit', code: loaded.exitCode });
    return this.#take();
  }

  #sayHello(): void {
    const { flags, configPath, system } = this.#options;
    this.#outbox.say('parent', coreText.starting(this.#version));
    this.#outbox.say('parent', coreText.running(system.sysctl('kernel.osrelease')));
    const usual = ['keepalived', ...(flags.logDetail ? ['-D'] : []), '-f', configPath];
    this.#outbox.say('parent', coreText.commandLine(flags.commandLine ?? usual));
  }

  #read(): LoadedConfig {
    const { system, configPath, configId, random, flags } = this.#options;
    this.#outbox.say('parent', coreText.opening(configPath));
    const loaded = this.#load({
      system,
      path: configPath,
      configId,
      allFiles: flags.allConfigFiles ?? false,
      random,
      version: this.#version,
    });
    this.#outbox.say('parent', coreText.configuration(configPath));
    return loaded;
  }

  /**
   * Lines about the configuration as a whole that keepalived says unless the reader said them
   * already.
   */
  #sayConfigNotes(machine: VrrpMachine): void {
    const said = new Set(this.#outbox.list.map((c) => (c.kind === 'log' ? c.text : '')));
    for (const text of configNotes(machine.config)) {
      if (!said.has(text)) this.#outbox.say('vrrp', text);
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

  /** Hands the collected commands over; the machine writes into the same list all the time. */
  #take(): readonly Command[] {
    const out = this.#outbox.take();
    if (out.length === 0) return out;
    if (this.#machine !== undefined) this.#machine.actions = this.#outbox.vrrpActions;
    return this.#siblings.withSync(out);
  }
}
