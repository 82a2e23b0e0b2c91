// B1: one learning switch, N clients, each sends `rate` UDP echoes/s to one server; real ARP.
#include "lan.h"
#include "ns3/applications-module.h"
using namespace ns3;

static void OnRx(Ptr<const Packet>) { bench::C().appMsgs++; }

int main(int argc, char** argv) {
    uint32_t n = 10, seed = 1;
    double sim = 60, rate = 10;
    bool trace = true, even = false;
    std::string sched, dev = "csma";
    CommandLine cmd;
    cmd.AddValue("n", "clients", n);
    cmd.AddValue("sim", "simulated seconds", sim);
    cmd.AddValue("rate", "echoes per second and client", rate);
    cmd.AddValue("seed", "seed", seed);
    cmd.AddValue("sched", "scheduler type, empty for ns-3's default", sched);
    cmd.AddValue("dev", "csma or simple", dev);
    cmd.AddValue("even", "start phases evenly spread instead of drawn, to compare counts", even);
    cmd.AddValue("trace", "count frames with trace sources", trace);
    cmd.Parse(argc, argv);
    RngSeedManager::SetSeed(seed);
    bench::UseScheduler(sched);

    bench::Mark t0;
    bench::Lan lan;
    lan.kind = dev;
    lan.count = trace;
    lan.AddSwitches(1);
    for (uint32_t i = 0; i <= n; i++) lan.AddHost(0); // host 0 is the server
    Ipv4InterfaceContainer ifs = lan.Finish();

    UdpEchoServerHelper server(7);
    server.Install(lan.hosts.Get(0)).Start(Seconds(0));
    Ptr<UniformRandomVariable> phase = CreateObject<UniformRandomVariable>();
    for (uint32_t i = 1; i <= n; i++) {
        UdpEchoClientHelper c(ifs.GetAddress(0), 7);
        c.SetAttribute("MaxPackets", UintegerValue(static_cast<uint32_t>(sim * rate * 2)));
        c.SetAttribute("Interval", TimeValue(Seconds(1.0 / rate)));
        c.SetAttribute("PacketSize", UintegerValue(64));
        ApplicationContainer a = c.Install(lan.hosts.Get(i));
        double drawn = phase->GetValue(0.01, 0.01 + 1.0 / rate);
        a.Start(Seconds(even ? 0.01 + (i - 0.5) / n / rate : drawn));
        if (trace) a.Get(0)->TraceConnectWithoutContext("Rx", MakeCallback(&OnRx));
    }
    Simulator::Stop(Seconds(sim));
    bench::Mark t1;
    Simulator::Run();
    bench::Mark t2;
    char p[160];
    std::snprintf(p, sizeof p, "\"n\":%u,\"dev\":\"%s\",\"sched\":\"%s\",\"seed\":%u,\"trace\":%d", n,
                  dev.c_str(), sched.empty() ? "default" : sched.c_str(), seed, (int)trace);
    bench::Report("B1", p, t0, t1, t2, sim);
    Simulator::Destroy();
}
