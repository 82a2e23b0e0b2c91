/** The lab sheet of the five-director laboratory: what the article's students do, ticked off as one does it. */

import { did, type Guide, type GuideFacts, ran, stateOf } from './guide.ts';

const WEB_CABLE = 'web151:eth0-sw1:7';

/** See the head of the file. */
export const LAB_SHEET: Guide = {
  id: 'five-directors',
  kind: 'sheet',
  title: 'Lab sheet: five directors',
  about:
    'Any order, any way: by mouse, by keyboard, in a terminal. A task is ticked off when it is done.',
  watches: ['u109lb14'],
  fits: (scenario) => /(^|\/)laboratory\.twin\.yml$/.test(scenario),
  steps: [
    {
      id: 'masters',
      row: 'E1',
      title: 'Three addresses, three masters',
      text: 'Let time pass until .220, .221 and .223 have an owner. Which director of each pair is it, and why?',
      deed: { kind: 'play' },
      deedWords: 'Play',
      done: (facts) =>
        ['u109lb10', 'u109lb12', 'u109lb14'].every((host) => stateOf(facts, host) === 'MASTER'),
    },
    {
      id: 'preempt',
      row: 'E8',
      title: 'Who sent first?',
      text:
        'lb14 boots one second after lb13. Filter `vrrp.virt_rtr_id == 120` and find in the list, or in the lanes, the moment at ' +
        'which the source changes from .213 to .214.',
      deed: { kind: 'filter', text: 'vrrp.virt_rtr_id == 120' },
      deedWords: 'Set this filter',
      done: (facts) =>
        /virt_rtr_id *== *120/.test(facts.filter) && held(facts, 'u109lb14', 'MASTER'),
    },
    {
      id: 'neigh',
      row: 'E5',
      title: 'Whose MAC is behind the address?',
      text: 'In the terminal of client: `ip neigh`. Compare the MAC of 192.168.100.223 with the directors’ cards.',
      deed: { kind: 'terminal', host: 'client', line: 'ip neigh' },
      deedWords: 'Open the terminal',
      done: (facts) => ran(facts, 'client', /\bip n\w*( show.*)? *\(exit/),
    },
    {
      id: 'flush',
      row: 'E5',
      title: 'Forget it, and ask again',
      text: '`ip neigh flush all` on client, let a moment pass, then `ip neigh` again: who asked, and who answered? (Filter `arp`.)',
      deed: { kind: 'terminal', host: 'client', line: 'ip neigh flush all' },
      deedWords: 'Open the terminal',
      done: (facts) => ran(facts, 'client', /\bip n\w* flush all/),
    },
    {
      id: 'tcpdump',
      row: 'E6',
      title: 'Adverts, as tcpdump prints them',
      text:
        '`tcpdump -c 6 -i enp0s25 -n vrrp` on client. Play until it has six. Then choose such a packet in the list: its source MAC ' +
        'stands in the tree.',
      deed: { kind: 'terminal', host: 'client', line: 'tcpdump -c 6 -i enp0s25 -n vrrp' },
      deedWords: 'Open the terminal',
      done: (facts) => ran(facts, 'client', /\btcpdump\b.*vrrp/),
    },
    {
      id: 'password',
      row: 'E7',
      title: 'The password is readable',
      text: 'Filter `vrrp and vrrp.auth_string == ghi678`: only one pair’s adverts are left. So much for its secrecy.',
      deed: { kind: 'filter', text: 'vrrp and vrrp.auth_string == ghi678' },
      deedWords: 'Set this filter',
      done: (facts) => !facts.filterWrong && /auth_string *== *"?ghi678/.test(facts.filter),
    },
    {
      id: 'wrong',
      row: 'E7',
      title: 'A wrong filter',
      text: 'Type `vrrp and (`. The field turns red and says where; the list keeps the filter before.',
      deed: { kind: 'filter', text: 'vrrp and (' },
      deedWords: 'Set this filter',
      done: (facts) => facts.filterWrong,
    },
    {
      id: 'follow',
      row: 'E7',
      title: 'Follow a TCP stream',
      text:
        'Filter `http and ip.addr == 192.168.100.4`, choose a row, and press “Follow TCP stream”: request and answer as text. ' +
        'Through which director did the request go, and by which way came the answer?',
      deed: { kind: 'filter', text: 'http and ip.addr == 192.168.100.4' },
      deedWords: 'Set this filter',
      done: (facts) => facts.followed,
    },
    {
      id: 'fail',
      row: 'E8',
      title: 'lb14 fails',
      text: 'Cut its power (key `k`) and let time pass: the source of VRID 120 changes from .214 to .213. How long was the gap?',
      deed: { kind: 'select', node: 'u109lb14' },
      deedWords: 'Select lb14',
      done: (facts) => did(facts, /power-off u109lb14/) && stateOf(facts, 'u109lb13') === 'MASTER',
    },
    {
      id: 'return',
      row: 'E8',
      title: 'lb14 comes back',
      text: 'Switch it on again. When does it take the address back, and what does its journal say?',
      deed: { kind: 'select', node: 'u109lb14' },
      deedWords: 'Select lb14',
      done: (facts) =>
        did(facts, /power-on u109lb14|reboot u109lb14/) && stateOf(facts, 'u109lb14') === 'MASTER',
    },
    {
      id: 'web-out',
      row: 'E4',
      title: 'A web server is cut off',
      text: 'Pull the cable of web151. After at most five seconds the checker sets its weight to 0: see `ipvsadm -Ln` on u109lb14.',
      deed: { kind: 'select', cable: WEB_CABLE },
      deedWords: 'Select the cable',
      done: (facts) =>
        facts.cables.get(WEB_CABLE)?.plugged === false &&
        logged(facts, /^(Disabling|Removing) service/),
    },
    {
      id: 'web-back',
      row: 'E4',
      title: 'And comes back',
      text: 'Plug it in again and wait for “Enabling service” in the journal of u109lb14.',
      deed: { kind: 'select', cable: WEB_CABLE },
      deedWords: 'Select the cable',
      done: (facts) =>
        facts.cables.get(WEB_CABLE)?.plugged === true &&
        logged(facts, /^(Enabling|Adding) service/),
    },
    {
      id: 'hub',
      row: 'E11',
      title: 'Who sees what: at the hub',
      text: '`tcpdump -c 4 -n -i eth0 tcp port 80` on at-hub: it sees the client’s requests, a hub repeats everything.',
      deed: { kind: 'terminal', host: 'at-hub', line: 'tcpdump -c 4 -n -i eth0 tcp port 80' },
      deedWords: 'Open the terminal',
      done: (facts) => ran(facts, 'at-hub', /\btcpdump\b/),
    },
    {
      id: 'port',
      row: 'E11',
      title: 'At an ordinary port',
      text: '`timeout 2 tcpdump -n -i eth0 tcp port 80` on at-port: it sees nothing of it, a switch sends only where the MAC is.',
      deed: { kind: 'terminal', host: 'at-port', line: 'timeout 2 tcpdump -n -i eth0 tcp port 80' },
      deedWords: 'Open the terminal',
      done: (facts) => ran(facts, 'at-port', /\btcpdump\b/),
    },
    {
      id: 'mirror',
      row: 'E11',
      title: 'At the mirror port',
      text: '`tcpdump -c 4 -n -i eth0 tcp port 80` on at-mirror: port 12 gets a copy of all.',
      deed: { kind: 'terminal', host: 'at-mirror', line: 'tcpdump -c 4 -n -i eth0 tcp port 80' },
      deedWords: 'Open the terminal',
      done: (facts) => ran(facts, 'at-mirror', /\btcpdump\b/),
    },
  ],
};

/** Whether a director has been in a state at some moment of this branch. */
function held(facts: GuideFacts, host: string, state: string): boolean {
  return facts.lanes.vrrp.some(
    (lane) => lane.host === host && lane.spans.some((span) => span.value === state),
  );
}

/** Whether a director logged a line: in a journal that is open, or among the events. */
function logged(facts: GuideFacts, words: RegExp): boolean {
  const lines = [...facts.journals.values()].flatMap((journal) => journal.map((line) => line.text));
  return lines.some((line) => words.test(line)) || facts.events.some((row) => words.test(row.text));
}
