# The program of a release and nothing else. Needs no registry. make image builds what it copies, and then it:
#
#   docker run -e GONODE_COOKIE -p 4369:4369 -p 9100:9100 gonode run --port-min 9100
FROM scratch
ARG TARGETARCH=amd64
COPY LICENSE /LICENSE
COPY build/image/${TARGETARCH}/gonode /gonode
# Nobody in particular. There is no home and no cookie file: the cookie comes from GONODE_COOKIE or a mounted file.
USER 65532:65532
ENTRYPOINT ["/gonode"]
CMD ["run"]
