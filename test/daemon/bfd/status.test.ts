/** What the daemon tells of its BFD sessions, and what a live one does to a whole sync group. */

import { describe, expect, it } from 'vitest';
import { FakeLan, s } from '../core/fake-system.ts';
import { boot, conf } from '../core/keywords/keyword-lab.ts';
import { startPair } from './pair.ts';

describe('status of BFD', () => {
  it('a session is Down before its peer speaks, Up with it, Down without', () => {
    const { lan, n1 } = startPair({ one: 'min_rx 50\n min_tx 50\n multiplier 3' });
    const told = () =>
      n1.daemon?.status().bfd?.map((one) => [one.name, one.state, one.remoteState]);
    expect(told()).toEqual([['peer', 'Down', 'Down']]);
    lan.run(s(4));
    expect(told()).toEqual([['peer', 'Up', 'Up']]);
    const labels = '{name="peer",neighbor="192.168.100.12"}';
    const metrics = () => n1.daemon?.metricsText() ?? '';
    expect(metrics()).toContain(`lantwin_bfd_session_up${labels} 1\n`);
    expect(metrics()).toContain(`lantwin_bfd_detection_seconds${labels} 0.15\n`);
    lan.losesDatagrams = () => true;
    lan.run(s(5));
    expect(told()?.[0]?.[1]).toBe('Down');
    expect(metrics()).toContain(`lantwin_bfd_session_up${labels} 0\n`);
  });

  it('without bfd_instance there is neither status nor metric', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    boot(n1, conf());
    expect(n1.daemon?.status().bfd).toBeUndefined();
    expect(n1.daemon?.metricsText()).not.toContain('bfd');
  });
});

describe('a group that tracks a live session', () => {
  function grouped(weight: string) {
    const lan = new FakeLan();
    const [n1, n2] = [lan.host('n1', 11), lan.host('n2', 12)];
    const session = (own: number, peer: number) => `bfd_instance peer {
      neighbor_ip 192.168.100.${peer}
      source_ip 192.168.100.${own}
    }`;
    const group = `vrrp_sync_group G {
      group {
        VI_1
        VI_2
      }
      sync_group_tracking_weight
      track_bfd {
        peer ${weight}
      }
    }`;
    const after = `vrrp_instance VI_2 {
      interface eth0
      virtual_router_id 52
      priority 120
      virtual_ipaddress {
        192.168.100.102/24
      }
    }`;
    boot(n1, conf({ blocks: `${session(11, 12)}\n${group}`, after }));
    boot(n2, session(12, 11));
    return { lan, n1 };
  }
  const priorities = (host: ReturnType<typeof grouped>['n1']) =>
    host.daemon?.status().instances.map((one) => one.effectivePriority);

  it.each([
    ['weight 7', [107, 127], [100, 120]],
    ['weight -7', [100, 120], [93, 113]],
    ['weight 7 reverse', [93, 113], [100, 120]],
  ])('%s moves every member', (weight, up, down) => {
    const { lan, n1 } = grouped(weight);
    lan.run(s(5));
    expect(priorities(n1)).toEqual(up);
    lan.losesDatagrams = () => true;
    lan.run(s(8));
    expect(priorities(n1)).toEqual(down);
  });
});
