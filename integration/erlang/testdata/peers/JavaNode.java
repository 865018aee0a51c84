import com.ericsson.otp.erlang.*;
import java.io.IOException;

/**
 * A Java node on Jinterface with a mailbox called peer.
 *
 *   JavaNode NAME@localhost COOKIE [NODE]     connects to NODE by itself if one is given, and ends with its input
 *
 * What it answers, as a gen_server of OTP would be called:
 *   {echo, T}                  T
 *   {call, Name, T}            what the server Name of the calling node replies to T
 *   {rpc, M, F, Args}          what M:F(Args) is on the calling node
 *   self                       the pid of the mailbox
 *   box                        the pid of a new mailbox, which the next four are about
 *   {link, Pid}, {unlink, Pid} ok, when that is done
 *   {exit, Reason}             ok, when the mailbox has ended with Reason
 *   signal                     the reason of an exit signal that the mailbox has had, else nothing
 *   die                        nothing: the program ends
 */
public final class JavaNode {
    static OtpNode node;
    static OtpMbox mbox;
    static OtpMbox box;

    public static void main(String[] args) throws Exception {
        Thread guard = new Thread(() -> {
            try {
                while (System.in.read() >= 0) { }
            } catch (IOException e) { }
            System.exit(0);
        });
        guard.setDaemon(true);
        guard.start();
        node = new OtpNode(args[0], args[1]);
        mbox = node.createMbox("peer");
        if (args.length > 2 && !node.ping(args[2], 10000)) System.exit(1);
        System.out.println("ready");
        for (;;) serve((OtpErlangTuple) mbox.receive());
    }

    static OtpErlangTuple tuple(OtpErlangObject... elements) { return new OtpErlangTuple(elements); }

    static void serve(OtpErlangTuple message) throws Exception {
        if (!message.elementAt(0).equals(new OtpErlangAtom("$gen_call"))) return;
        OtpErlangTuple from = (OtpErlangTuple) message.elementAt(1);
        OtpErlangPid caller = (OtpErlangPid) from.elementAt(0);
        OtpErlangObject reply = answer(caller, message.elementAt(2));
        mbox.send(caller, tuple(from.elementAt(1), reply));
    }

    static OtpErlangObject answer(OtpErlangPid caller, OtpErlangObject request) throws Exception {
        OtpErlangTuple t = request instanceof OtpErlangTuple ? (OtpErlangTuple) request : tuple(request);
        switch (((OtpErlangAtom) t.elementAt(0)).atomValue()) {
        case "echo":
            return t.elementAt(1);
        case "call":
            OtpMbox client = node.createMbox();
            client.send(((OtpErlangAtom) t.elementAt(1)).atomValue(), caller.node(),
                tuple(new OtpErlangAtom("$gen_call"), tuple(client.self(), node.createRef()), t.elementAt(2)));
            return ((OtpErlangTuple) client.receive()).elementAt(1);
        case "rpc":
            OtpMbox rpc = node.createMbox();
            rpc.send("rex", caller.node(), tuple(rpc.self(),
                tuple(new OtpErlangAtom("call"), t.elementAt(1), t.elementAt(2), t.elementAt(3), new OtpErlangAtom("user"))));
            return ((OtpErlangTuple) rpc.receive()).elementAt(1);
        case "self":
            return mbox.self();
        case "box":
            box = node.createMbox();
            return box.self();
        case "link":
            box.link((OtpErlangPid) t.elementAt(1));
            return new OtpErlangAtom("ok");
        case "unlink":
            box.unlink((OtpErlangPid) t.elementAt(1));
            return new OtpErlangAtom("ok");
        case "exit":
            box.exit(t.elementAt(1));
            return new OtpErlangAtom("ok");
        case "signal":
            try {
                box.receive(1);
                return new OtpErlangAtom("nothing");
            } catch (OtpErlangExit e) {
                return e.reason();
            }
        default:
            System.exit(0);
            return null;
        }
    }
}
