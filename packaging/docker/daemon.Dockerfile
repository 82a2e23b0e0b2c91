# The daemon in keepalived's place. Build: docker build -f packaging/docker/daemon.Dockerfile -t lantwin-daemon .
# Run: docker run --network host --cap-add NET_ADMIN --cap-add NET_RAW --device /dev/net/tun \
#   -v /etc/keepalived:/etc/keepalived:ro lantwin-daemon
FROM node:22.18.0-bookworm-slim AS build
WORKDIR /opt/lantwin
COPY package.json package-lock.json LICENSE THIRD-PARTY-NOTICES.md ./
RUN apt-get update \
  && apt-get install -y --no-install-recommends g++ make python3 \
  && rm -rf /var/lib/apt/lists/* \
  && npm ci --omit=dev --no-audit --no-fund --ignore-scripts \
  && npm_config_nodedir=/usr/local npm rebuild raw-socket

FROM node:22.18.0-bookworm-slim
ENV NODE_ENV=production
# iproute2 and ipvsadm are what the daemon calls; it needs root (or the two capabilities) for raw sockets.
RUN apt-get update \
  && apt-get install -y --no-install-recommends iproute2 ipvsadm nftables procps \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/lantwin
COPY --from=build /opt/lantwin ./
COPY bin ./bin
COPY dist ./dist
HEALTHCHECK --interval=30s --timeout=3s CMD ["node", "-e", "fetch('http://127.0.0.1:9165/metrics').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/lantwin/bin/lantwin.js", "daemon", "--dont-fork", "--log-console", "--metrics=127.0.0.1:9165"]
CMD ["-f", "/etc/keepalived/keepalived.conf"]
