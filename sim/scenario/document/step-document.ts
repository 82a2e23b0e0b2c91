/** The types of `steps` of a scenario. Generated: UPDATE_GOLDEN=1 writes it. */

import type { Duration } from './duration.ts';

/** The cable and the dead direction. */
export interface StepOneWay {
  /** The cable, named by one of its ports such as 'srv-1:eth1'. */
  readonly cable: string;
  /** 'out' (default): nothing that the named port sends arrives; 'in': it hears nothing. */
  readonly dead?: 'out' | 'in';
}

/** The cable loses frames at random. */
export interface StepLoss {
  /** The cable, named by one of its ports such as 'srv-1:eth1'. */
  readonly cable: string;
  /** How many of the frames; '0%' heals. */
  readonly rate: string;
  /** Seen from the named port: 'out' is what it sends, 'in' what it hears; 'both' by default. */
  readonly direction?: 'both' | 'out' | 'in';
}

/** Frames take longer. */
export interface StepDelay {
  /** The cable, named by one of its ports such as 'srv-1:eth1'. */
  readonly cable: string;
  /** How much; '0s' heals. */
  readonly by: Duration;
  /** Seen from the named port: 'out' is what it sends, 'in' what it hears; 'both' by default. */
  readonly direction?: 'both' | 'out' | 'in';
}

/** Frames take up to that much longer, at random. */
export interface StepJitter {
  /** The cable, named by one of its ports such as 'srv-1:eth1'. */
  readonly cable: string;
  /** How much; '0s' heals. */
  readonly by: Duration;
  /** Seen from the named port: 'out' is what it sends, 'in' what it hears; 'both' by default. */
  readonly direction?: 'both' | 'out' | 'in';
}

/** Bits of frames are turned over at random. */
export interface StepCorrupt {
  /** The cable, named by one of its ports such as 'srv-1:eth1'. */
  readonly cable: string;
  /** How many of the frames; '0%' heals. */
  readonly rate: string;
  /** Seen from the named port: 'out' is what it sends, 'in' what it hears; 'both' by default. */
  readonly direction?: 'both' | 'out' | 'in';
}

/** Frames arrive twice at random. */
export interface StepDuplicate {
  /** The cable, named by one of its ports such as 'srv-1:eth1'. */
  readonly cable: string;
  /** How many of the frames; '0%' heals. */
  readonly rate: string;
  /** Seen from the named port: 'out' is what it sends, 'in' what it hears; 'both' by default. */
  readonly direction?: 'both' | 'out' | 'in';
}

/** Frames are overtaken by later ones at random. */
export interface StepReorder {
  /** The cable, named by one of its ports such as 'srv-1:eth1'. */
  readonly cable: string;
  /** How many of the frames; '0%' heals. */
  readonly rate: string;
  /** Seen from the named port: 'out' is what it sends, 'in' what it hears; 'both' by default. */
  readonly direction?: 'both' | 'out' | 'in';
}

/** The cable loses its signal and gets it back, several times. */
export interface StepFlap {
  /** The cable, named by one of its ports such as 'srv-1:eth1'. */
  readonly cable: string;
  /** How often. */
  readonly times: number;
  /** How long it is out each time. */
  readonly down: Duration;
  /** How long it is back in between; the same as down by default. */
  readonly up?: Duration;
}

/** A program of a host. */
export interface StepFreeze {
  /** The host. */
  readonly host: string;
  /** One program alone (SIGSTOP, SIGCONT) instead of the whole machine. */
  readonly program: string;
}

/** Moves a host's wall clock; timers are unaffected. */
export interface StepClockJump {
  /** The host. */
  readonly host: string;
  /** How far, such as '1h' or '-30s'. */
  readonly by: string;
}

/** Adds an address to an interface, as an operator would with `ip address add`. */
export interface StepAddressAdd {
  /** The host. */
  readonly host: string;
  /** The interface. */
  readonly nic: string;
  /** The address with its prefix length. */
  readonly address: string;
  /** Its label. */
  readonly label?: string;
}

/** Takes an address from an interface, as with `ip address del`. */
export interface StepAddressDel {
  /** The host. */
  readonly host: string;
  /** The interface. */
  readonly nic: string;
  /** The address with its prefix length. */
  readonly address: string;
}

/** A program of a host. */
export interface StepKill {
  /** The host. */
  readonly host: string;
  /** Name of the program; keepalived by default. */
  readonly program?: string;
}

/** A unit of a host. */
export interface StepStop {
  /** The host. */
  readonly host: string;
  /** Name of the unit; keepalived by default. */
  readonly unit?: string;
}

/** What to reload. */
export interface StepReload {
  /** The host. */
  readonly host: string;
  /** Path of the new file beside the scenario. */
  readonly file?: string;
  /** Name of the unit; keepalived by default. */
  readonly unit?: string;
  /** Where the file goes on the host; /etc/keepalived/keepalived.conf by default. */
  readonly path?: string;
}

/** What a script of keepalived.conf answers from now on. */
export interface StepScript {
  /** The host. */
  readonly host: string;
  /** Name of the vrrp_script, or the path of the script. */
  readonly script: string;
  /** Exit code, or 'hang': it never ends by itself. */
  readonly exit: number | 'hang';
  /** How long it takes; 1ms by default. */
  readonly after?: Duration;
}

/** Runs a shell command on a host; `expect` of the step may look at its output. */
export interface StepExec {
  /** The host. */
  readonly host: string;
  /** Command lines, run one after another. */
  readonly command: string | readonly string[];
}

/** Port and whether the filter is on. */
export interface StepMcastFilter {
  /** A port of a switch such as 'sw1:3'. */
  readonly port: string;
  /** false takes the filter away; true by default. */
  readonly on?: boolean;
}

/** One action: a mapping with one key, its name. */
export interface StepDo {
  /** Pulls the cable: both ends lose their carrier. */
  readonly unplug?: string | readonly string[];
  /** Plugs the cable in again. */
  readonly replug?: string | readonly string[];
  /** The cable goes silently dead both ways; the carriers stay. */
  readonly mute?: string | readonly string[];
  /** Ends mute and one-way. */
  readonly unmute?: string | readonly string[];
  /** The cable goes silently dead in one direction; both carriers stay. */
  readonly 'one-way'?: string | StepOneWay;
  /** The cable loses frames at random. */
  readonly loss?: StepLoss;
  /** Frames take longer. */
  readonly delay?: StepDelay;
  /** Frames take up to that much longer, at random. */
  readonly jitter?: StepJitter;
  /** Bits of frames are turned over at random. */
  readonly corrupt?: StepCorrupt;
  /** Frames arrive twice at random. */
  readonly duplicate?: StepDuplicate;
  /** Frames are overtaken by later ones at random. */
  readonly reorder?: StepReorder;
  /** The cable loses its signal and gets it back, several times. */
  readonly flap?: StepFlap;
  /** Pulls the power plug of a host. */
  readonly 'power-off'?: string | readonly string[];
  /** Boots a host. */
  readonly 'power-on'?: string | readonly string[];
  /** Restarts a host in an orderly way. */
  readonly reboot?: string | readonly string[];
  /** Stops a whole machine (or one program) in its tracks. */
  readonly freeze?: string | readonly string[] | StepFreeze;
  /** Lets a frozen machine or program go on. */
  readonly resume?: string | readonly string[] | StepFreeze;
  /** Moves a host's wall clock; timers are unaffected. */
  readonly 'clock-jump'?: StepClockJump;
  /** Adds an address to an interface, as an operator would with `ip address add`. */
  readonly 'address-add'?: StepAddressAdd;
  /** Takes an address from an interface, as with `ip address del`. */
  readonly 'address-del'?: StepAddressDel;
  /** A program crashes (SIGKILL). */
  readonly kill?: string | readonly string[] | StepKill;
  /** systemctl stop. */
  readonly stop?: string | readonly string[] | StepStop;
  /** systemctl start. */
  readonly start?: string | readonly string[] | StepStop;
  /** systemctl restart. */
  readonly restart?: string | readonly string[] | StepStop;
  /** Reloads keepalived (or another unit), with a new configuration file if one is given. */
  readonly reload?: string | StepReload;
  /** What a script of keepalived.conf answers from now on. */
  readonly script?: StepScript;
  /** Runs a shell command on a host; `expect` of the step may look at its output. */
  readonly exec?: StepExec;
  /** Switches a port off: its far end loses the carrier. */
  readonly 'port-down'?: string | readonly string[];
  /** Switches a port on. */
  readonly 'port-up'?: string | readonly string[];
  /** A port passes nothing (spanning tree); its carrier stays. */
  readonly 'port-block'?: string | readonly string[];
  /** A blocked port forwards again. */
  readonly 'port-forward'?: string | readonly string[];
  /** A switch stops delivering multicast out of a port (on: false ends it). */
  readonly 'mcast-filter'?: string | readonly string[] | StepMcastFilter;
  /** A switch forgets what it learned. */
  readonly 'flush-fdb'?: string | readonly string[];
  /** A switch loses power. */
  readonly 'switch-off'?: string | readonly string[];
  /** A switch gets power again. */
  readonly 'switch-on'?: string | readonly string[];
}

/** The state of a virtual router on a host. */
export interface StepState {
  /** The host. */
  readonly host: string;
  /** Name of the vrrp_instance. */
  readonly instance?: string;
  /** Virtual router id. */
  readonly vrid?: number;
  /** The state; 'none': no such instance runs there. */
  readonly is: 'MASTER' | 'BACKUP' | 'FAULT' | 'INIT' | 'STOP' | 'none';
}

/** What a host's neighbour table says. */
export interface StepNeighbour {
  /** The host that looks. */
  readonly host: string;
  /** The address looked for. */
  readonly address: string;
  /** A host, a MAC address, or 'nobody'. */
  readonly 'is-at'?: string;
  /** State or states. */
  readonly state?:
    | 'INCOMPLETE'
    | 'REACHABLE'
    | 'STALE'
    | 'DELAY'
    | 'PROBE'
    | 'FAILED'
    | 'NOARP'
    | 'PERMANENT'
    | readonly ('INCOMPLETE'
    | 'REACHABLE'
    | 'STALE'
    | 'DELAY'
    | 'PROBE'
    | 'FAILED'
    | 'NOARP'
    | 'PERMANENT')[];
}

/** What the output looks like. */
export interface StepOutput {
  /** Texts that the output contains. */
  readonly contains?: string | readonly string[];
  /** Texts that the output does not contain. */
  readonly lacks?: string | readonly string[];
  /** The whole output, but for blanks at the ends. */
  readonly equals?: string;
  /** A pattern that one line matches: * and ? stand for any text, any character. */
  readonly matches?: string;
  /** The exit code. */
  readonly exit?: number;
}

/** Where a switch has learned a MAC address. */
export interface StepMacTable {
  /** The switch. */
  readonly switch: string;
  /** A host or a MAC address. */
  readonly mac: string;
  /** Its port, or 'none'. */
  readonly port: string;
}

/** A notification by a script or a FIFO that the configuration names. */
export interface StepNotification {
  /** Name of the instance or group. */
  readonly name?: string;
  /** The state told, such as MASTER. */
  readonly state: string;
}

/** What must happen after the step, and when. */
export interface StepExpect {
  /** Must become true in that time and stay true until the next step or the end. */
  readonly within?: Duration;
  /** Being true already before the step counts. */
  readonly still?: boolean;
  /** Must be true right after the actions of the step. */
  readonly 'at-once'?: boolean;
  /** Must not become true in that time. */
  readonly 'never-within'?: Duration;
  /** An address, usually a virtual one; goes with owner or holders. */
  readonly vip?: string;
  /** The one live host that holds it, or 'nobody'. */
  readonly owner?: string;
  /** All live hosts that hold it. */
  readonly holders?: readonly string[];
  /** The state of a virtual router on a host. */
  readonly state?: StepState;
  /** What a host's neighbour table says. */
  readonly neighbour?: StepNeighbour;
  /** Name of a traffic; goes with alive. */
  readonly traffic?: string;
  /** Whether it is answered. */
  readonly alive?: boolean;
  /** A text that a journal line contains (* and ? as in a shell). */
  readonly log?: string;
  /** The output of the step's exec. */
  readonly output?: string | StepOutput;
  /** Where a switch has learned a MAC address. */
  readonly 'mac-table'?: StepMacTable;
  /** Name of a unit; goes with host and is. */
  readonly unit?: string;
  /** The state of the unit. */
  readonly is?: 'active' | 'inactive' | 'failed';
  /** A notification by a script or a FIFO that the configuration names. */
  readonly notification?: StepNotification;
  /** A text that the subject or body of a mail contains. */
  readonly mail?: string;
  /** Who sent the last advert, or 'nobody'; goes with vrid. */
  readonly 'adverts-from'?: string;
  /** Virtual router id. */
  readonly vrid?: number;
  /** The host; with log, notification and mail: on that host only. */
  readonly host?: string;
}

/** A moment: what is done then, and what must follow. */
export interface Step {
  /** When, counted from the start of the run. */
  readonly at: Duration;
  /** A name for reports. */
  readonly name?: string;
  /** What happens: one action, or a list of actions in order. */
  readonly do?: StepDo | readonly StepDo[];
  /** What must follow. */
  readonly expect?: readonly StepExpect[];
}
