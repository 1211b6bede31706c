"""Stock `python-socketio` as a process, in the language of client.js: commands come as JSON
lines on standard input, answers and what happens to a client leave as JSON lines on
standard output."""

import json
import os
import sys
import threading

import engineio
import requests
import socketio

clients = {}
output = threading.Lock()


def say(what):
    with output:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


class InOrder(engineio.Client):
    """The library handles each packet in a thread of its own, so that handlers run in no
    certain order. What is told here is the order in which packets came."""

    def _trigger_event(self, event, *args, **kwargs):
        if event == "message":
            kwargs["run_async"] = False
        return super()._trigger_event(event, *args, **kwargs)


class StockClient(socketio.Client):
    def _engineio_client_class(self):
        return InOrder


class Client:
    def __init__(self, command):
        self.name = command["name"]
        self.token = command.get("token")
        self.authorization = command.get("authorization")
        session = requests.Session()
        # Neither a proxy nor another bundle of certificates from the environment.
        session.trust_env = False
        if command.get("ca"):
            session.verify = command["ca"]
        self.socket = StockClient(
            http_session=session,
            reconnection=command["reconnection"],
            reconnection_delay=0.05,
            reconnection_delay_max=0.5,
            randomization_factor=0.01,
            handle_sigint=False,
        )
        self.socket.on("connect", lambda: self.lives("connect", self.socket.get_sid()))
        self.socket.on("connect_error", self.refused)
        self.socket.on("disconnect", lambda reason: self.lives("disconnect", reason))
        self.socket.on("*", self.happened)
        threading.Thread(target=self.connect, args=(command,), daemon=True).start()

    def connect(self, command):
        headers = {"authorization": self.authorization} if self.authorization else {}
        try:
            self.socket.connect(
                command["url"],
                headers=headers,
                auth=lambda: {} if self.token is None else {"token": self.token},
                transports=command["transports"],
                wait_timeout=30,
            )
        except socketio.exceptions.ConnectionError:
            # The handler of connect_error has said it.
            pass

    def refused(self, data=None):
        message = data.get("message") if isinstance(data, dict) else str(data)
        more = data.get("data") if isinstance(data, dict) else None
        self.lives("refused", {"message": message, "data": more})

    def lives(self, life, detail):
        say({"name": self.name, "life": life, "detail": detail})

    def happened(self, event, *args):
        say({"name": self.name, "event": event, "args": list(args)})


def arguments(command):
    """python-socketio sends a tuple as several arguments."""
    return tuple(command["args"])


def emit(command):
    """Answers later, with the acknowledgement or without."""
    client = clients[command["name"]]
    answered = threading.Event()

    def acknowledged(*answer):
        if not answered.is_set():
            answered.set()
            say({"id": command["id"], "ok": list(answer)})

    def late():
        if not answered.is_set():
            answered.set()
            say({"id": command["id"], "error": "no acknowledgement"})

    timer = threading.Timer(command["timeout"] / 1000, late)
    timer.daemon = True
    timer.start()
    client.socket.emit(command["event"], arguments(command), callback=acknowledged)


def obey(command):
    doing, name = command["do"], command["name"]
    if doing == "open":
        clients[name] = Client(command)
        return None
    client = clients[name]
    if doing == "send":
        client.socket.emit(command["event"], arguments(command))
    elif doing == "token":
        client.token = command["token"]
    elif doing == "transport":
        return client.socket.transport()
    elif doing == "close":
        client.socket.disconnect()
    else:
        raise ValueError(f"unknown command {doing}")
    return None


for line in sys.stdin:
    command = json.loads(line)
    try:
        if command["do"] == "emit":
            emit(command)
        else:
            say({"id": command["id"], "ok": obey(command)})
    except Exception as error:  # whatever it is, it is the test that judges it
        say({"id": command["id"], "error": f"{type(error).__name__}: {error}"})
# Whoever steers this process is gone; the clients' threads are not waited for.
os._exit(0)
