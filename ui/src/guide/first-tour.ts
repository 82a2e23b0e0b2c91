/** The guided tour: the three servers of the first article, from the first advert to a scenario for CI. */

import { did, type Guide, stateOf } from './guide.ts';

const CABLE = 'srv-1:eth1-sw1:1';

/** See the head of the file. */
export const FIRST_TOUR: Guide = {
  id: 'first-tour',
  kind: 'tour',
  title: 'First tour: three servers',
  about: 'Ten minutes: pull a cable, see who takes over, go back in time, keep it as a test.',
  fits: (scenario) => /(^|\/)tour\.twin\.yml$/.test(scenario),
  steps: [
    {
      id: 'look',
      title: 'What you are looking at',
      text:
        'Three servers and a laptop at one switch. On each server runs the real code of a VRRP daemon with its own ' +
        '`keepalived.conf`; the Linux kernels, the switch and the cables around it are a model. Time is virtual and stands ' +
        'still until you let it pass, so nothing is ever too fast to see.',
      points: '#map',
    },
    {
      id: 'play',
      title: 'Let time pass',
      text:
        'Press Play. Nobody owns the address yet: each server listens for a master, and the bar on its card shows how long ' +
        'it will wait. The one with the highest priority waits least.',
      points: 'button.play',
      deed: { kind: 'play' },
      deedWords: 'Play for me',
      done: (facts) => stateOf(facts, 'srv-1') === 'MASTER',
    },
    {
      id: 'address',
      title: 'srv-1 is MASTER',
      text:
        'It holds 192.168.0.200 and says so once a second: the packets on the cables are its adverts. The laptop pings the ' +
        'address. Select the laptop: its neighbour table says which MAC it believes to be behind the address, and the last ' +
        'column where the switch has that MAC.',
      points: '[data-node="laptop"]',
      deed: { kind: 'select', node: 'laptop' },
      deedWords: 'Select the laptop',
      done: (facts) => facts.selected === 'laptop',
    },
    {
      id: 'cut',
      title: 'Pull the cable',
      text:
        'Select the cable of srv-1 and press Unplug. By keyboard: Tab to the cable, Enter, then `u`. Nothing has to be ' +
        'dragged, and the table of devices can do it too.',
      points: `[data-cable="${CABLE}"]`,
      deed: { kind: 'plug', cable: CABLE },
      deedWords: 'Pull it for me',
      done: (facts) => facts.cables.get(CABLE)?.plugged === false,
    },
    {
      id: 'silence',
      title: 'The silence',
      text:
        'srv-2 hears no advert any more, and neither does srv-3. Both bars run down: three intervals of 1 s, and a skew of ' +
        '(256 − priority) / 256 s. srv-2 has the higher priority, so it waits 3.609 s and srv-3 3.648 s: the skew decides ' +
        'who is first. Let time pass until then.',
      points: '[data-node="srv-2"]',
      deed: { kind: 'play' },
      deedWords: 'Play for me',
      done: (facts) => stateOf(facts, 'srv-2') === 'MASTER',
    },
    {
      id: 'learn',
      title: 'Who had to learn of it',
      text:
        'srv-2 tells everybody with gratuitous ARP: the laptop’s entry has changed (marked for a while), and the switch has ' +
        'the address’s MAC at another port. Until that arrived the two disagreed, and the map said so. The lanes below show ' +
        'the same on one axis: state, owner, and the gap in the ping.',
      points: '#lanes',
    },
    {
      id: 'back',
      title: 'Go back in time',
      text:
        'Drag the slider, press the keys `[` or `,`, or click into the lanes: go to a moment before you pulled the cable. ' +
        'Everything is as it was, to the microsecond: the same run is played again.',
      points: '#scrub',
      deed: { kind: 'back-before-cut' },
      deedWords: 'Go back for me',
      done: (facts) =>
        facts.at < facts.end && facts.cables.get(CABLE)?.plugged === true && did(facts, /unplug/),
    },
    {
      id: 'forward',
      title: 'And forward again',
      text:
        'Nothing is lost: go to the end, and the cable is out again. Had you done something in the past instead, a new ' +
        'branch would begin there.',
      points: '#scrub',
      deed: { kind: 'to-end' },
      deedWords: 'Go to the end',
      done: (facts) => facts.at >= facts.end && facts.cables.get(CABLE)?.plugged === false,
    },
    {
      id: 'packet',
      title: 'Look into a packet',
      text:
        'Type `arp` into the packet filter, choose a row with “Gratuitous ARP”, and read: the decoded tree, the bytes, and ' +
        'the way it took through the LAN. The filter is a part of Wireshark’s; a wrong one turns red.',
      points: '#packet-filter',
      deed: { kind: 'filter', text: 'arp' },
      deedWords: 'Filter for me',
      done: (facts) => facts.packet !== undefined && /arp/.test(facts.filter),
    },
    {
      id: 'replug',
      title: 'Plug it in again',
      text:
        'srv-1 comes back and takes the address from srv-2 at once: its priority is higher, and preemption is on by default. ' +
        'That is a second, shorter interruption, and the reason why people write `nopreempt`.',
      points: `[data-cable="${CABLE}"]`,
      deed: { kind: 'plug', cable: CABLE },
      deedWords: 'Plug it in for me',
      done: (facts) =>
        facts.cables.get(CABLE)?.plugged === true &&
        stateOf(facts, 'srv-1') === 'MASTER' &&
        facts.at >= facts.end &&
        did(facts, /replug/),
    },
    {
      id: 'save',
      title: 'Keep it as a test',
      text:
        '“Save” writes what you just did as a scenario, with what you saw as its expectations. `npx lantwin run FILE` confirms ' +
        'it from now on, in CI too.',
      points: 'button[aria-label="Save as scenario"]',
      deed: { kind: 'save' },
      deedWords: 'Open the dialog',
      done: (facts) => facts.saved,
    },
  ],
};
