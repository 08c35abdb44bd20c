# The data node that is the primary of the very first start, and any node later. docs/operations/railway.md
ARG REDIS_IMAGE=redis:8.0-alpine
FROM ${REDIS_IMAGE}
COPY deploy/redis/*.sh /opt/redis-ha/
ENV DATA_DIR=/data
EXPOSE 6379
# Started as root: the volume belongs to root. The script gives it to the user of the image and goes on as that one. The
# shell is process 1 and hears SIGTERM itself: it hands over first.
ENTRYPOINT []
CMD ["/bin/sh", "/opt/redis-ha/redis-node.sh"]
