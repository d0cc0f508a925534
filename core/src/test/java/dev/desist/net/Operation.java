package dev.desist.net;

import java.io.IOException;
import java.net.Socket;

/** The operations that wait for a channel or a socket. */
enum Operation {
  ACCEPT,
  READ,
  SCATTER,
  WRITE,
  GATHER,
  STREAM_READ,
  STREAM_WRITE,
  UNIX_ACCEPT,
  UNIX_READ,
  UNIX_WRITE,
  RECEIVE,
  PIPE_READ,
  PIPE_SCATTER,
  PIPE_WRITE,
  PIPE_GATHER,
  SOCKET_READ,
  SOCKET_WRITE,
  SERVER_SOCKET_ACCEPT,
  CONNECT;

  /** Whether it belongs to a {@link Socket}, whose callers expect its exceptions. */
  boolean isSocket() {
    return name().contains("SOCKET");
  }

  /** Whether it has a form that takes a deadline. */
  boolean isTimed() {
    return switch (this) {
      case ACCEPT, READ, WRITE, UNIX_ACCEPT, UNIX_READ, UNIX_WRITE, RECEIVE, CONNECT -> true;
      default -> false;
    };
  }

  Rig rig() throws IOException {
    return switch (this) {
      case ACCEPT -> new SocketRigs.Accept(false);
      case UNIX_ACCEPT -> new SocketRigs.Accept(true);
      case READ, SCATTER, STREAM_READ -> new SocketRigs.Read(false, this);
      case UNIX_READ -> new SocketRigs.Read(true, this);
      case WRITE, GATHER, STREAM_WRITE -> new SocketRigs.Write(false, this);
      case UNIX_WRITE -> new SocketRigs.Write(true, this);
      case RECEIVE -> new DatagramRig();
      case PIPE_READ, PIPE_SCATTER -> new PipeRigs.PipeRead(this == PIPE_SCATTER);
      case PIPE_WRITE, PIPE_GATHER -> new PipeRigs.PipeWrite(this == PIPE_GATHER);
      case SOCKET_READ -> new FactoryRigs.SocketRead();
      case SOCKET_WRITE -> new FactoryRigs.SocketWrite();
      case SERVER_SOCKET_ACCEPT -> new FactoryRigs.ServerSocketAccept();
      case CONNECT -> new SocketRigs.Connecting();
    };
  }
}
