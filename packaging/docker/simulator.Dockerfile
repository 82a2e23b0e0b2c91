# The simulator: no capability, no root. Build: docker build -f packaging/docker/simulator.Dockerfile -t lantwin .
# Run: docker run --rm -v "$PWD:/work:ro" lantwin run scenarios --trace off
FROM node:22.18.0-bookworm-slim
ENV NODE_ENV=production NPM_CONFIG_UPDATE_NOTIFIER=false
WORKDIR /opt/lantwin
COPY package.json package-lock.json LICENSE THIRD-PARTY-NOTICES.md ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund && npm cache clean --force
COPY bin ./bin
COPY dist ./dist
COPY scenarios ./scenarios
RUN ln -s /opt/lantwin/bin/lantwin.js /usr/local/bin/lantwin && mkdir /work && chown node:node /work
USER node
WORKDIR /work
ENTRYPOINT ["lantwin"]
CMD ["--help"]
