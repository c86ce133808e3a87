// SPDX-License-Identifier: MIT
// Reads by six threads while memory is collected, faults that the JVM handles, a process (programs.py).
import java.io.FileInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

public class Threads {
    static int deep(int n) {
        return deep(n + 1) + 1;
    }

    static long read() throws Exception {
        long sum = 0;
        try (FileInputStream f = new FileInputStream("/dev/zero")) {
            for (int k = 0; k < 2000; k++) {
                sum += f.read() + 1 + new byte[20000].length;
                if (k % 500 == 0) {
                    System.gc();
                }
            }
        }
        return sum;
    }

    public static void main(String[] args) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(6);
        List<Future<Long>> sums = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            sums.add(threads.submit(Threads::read));
        }
        long sum = 0;
        for (Future<Long> s : sums) {
            sum += s.get();
        }
        threads.shutdown();
        try {
            Object none = args.length > 5 ? args : null;
            none.toString();
        } catch (NullPointerException e) {
            sum++;
        }
        try {
            deep(0);
        } catch (StackOverflowError e) {
            sum++;
        }
        Process p = new ProcessBuilder("sh", "-c", "head -c 100 /dev/zero | wc -c").start();
        System.out.println(new String(p.getInputStream().readAllBytes()).trim() + " " + p.waitFor() + " " + sum);
    }
}
