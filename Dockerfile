# The server as an image: built on the official Swift image, run on a slim Debian 12, not as root.
#
#   docker build -t patchbay .
#   docker run -p 443:50051 -v "$PWD/patchbay:/etc/patchbay:ro" --stop-timeout 300 --read-only --cap-drop ALL \
#     --security-opt no-new-privileges --ulimit core=0 --ulimit nofile=65536 --memory 1g patchbay
#
# The mounted folder holds patchbay.yaml and what it names; user 10001 has to be able to read it. In a container
# `listen: address` is 0.0.0.0:50051 (with `tls`, or `plaintext: true` behind something that ends TLS) and
# `admin: address` stays on 127.0.0.1:8080 (with `admin: tls` too). Recordings and refresh tokens need a volume that user 10001 can write. A
# container that is stopped drains: give it shutdown.notice, drain, grace and the longest prompt.

ARG SWIFT_VERSION=6.3.1
FROM swift:${SWIFT_VERSION}-bookworm AS build
WORKDIR /patchbay
# In the order of how rarely they change, so that each layer is kept as long as it can be.
COPY Scripts/bootstrap Scripts/bootstrap
RUN Scripts/bootstrap --package && rm -rf /var/lib/apt/lists/*
COPY . .
RUN Scripts/package /out

FROM debian:12-slim
# The package brings the libraries that it needs; its example of a configuration is not this image's. The last line fails the
# build, rather than the first start, where a library is missing. Debian's packages change only for a reason, and those are wanted.
# hadolint ignore=DL3008
RUN --mount=type=bind,from=build,source=/out,target=/out \
  useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin patchbay \
  && apt-get update \
  && apt-get install --yes --no-install-recommends /out/*.deb \
  && rm -rf /var/lib/apt/lists/* /etc/patchbay/* \
  && patchbay --help >/dev/null
# A crash prints no content of registers: callers' words are in memory.
ENV SWIFT_BACKTRACE=enable=no
USER 10001:10001
WORKDIR /etc/patchbay
EXPOSE 50051 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["patchbay", "ready"]
ENTRYPOINT ["patchbay"]
CMD ["serve", "--config", "/etc/patchbay/patchbay.yaml"]
