import com.ericsson.otp.erlang.*;

/** The server of bench/peer as a Java node on Jinterface: one mailbox, one thread.  java Probe ALIVE COOKIE */
public final class Probe {
    public static void main(String[] args) throws Exception {
        OtpNode node = new OtpNode(args[0] + "@localhost", args[1]);
        OtpMbox mbox = node.createMbox("probe");
        System.out.println("ready " + node.node() + " " + ProcessHandle.current().pid());
        long sum = 0;
        for (;;) {
            OtpErlangObject message;
            try {
                message = mbox.receive();
            } catch (OtpErlangExit e) {
                continue;
            }
            if (!(message instanceof OtpErlangTuple)) continue;
            OtpErlangTuple t = (OtpErlangTuple) message;
            String kind = t.elementAt(0) instanceof OtpErlangAtom ? ((OtpErlangAtom) t.elementAt(0)).atomValue() : "";
            if (kind.equals("$gen_cast")) {
                sum += ((OtpErlangLong) ((OtpErlangTuple) t.elementAt(1)).elementAt(1)).longValue();
            } else if (kind.equals("$gen_call")) {
                OtpErlangTuple from = (OtpErlangTuple) t.elementAt(1);
                OtpErlangObject request = t.elementAt(2);
                OtpErlangObject reply = request instanceof OtpErlangTuple
                    ? ((OtpErlangTuple) request).elementAt(1) : new OtpErlangLong(sum);
                mbox.send((OtpErlangPid) from.elementAt(0), new OtpErlangTuple(new OtpErlangObject[] {from.elementAt(1), reply}));
            }
        }
    }
}
