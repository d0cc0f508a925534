package dev.desist.internal;

/**
 * Makes sure that the stack has room before a step that must not be cut in two: a {@link
 * StackOverflowError} then comes before the step, where nothing has happened yet, and not amid it.
 *
 * <p>It takes frames with 512 local variables of two slots each, which nobody uses. The interpreter
 * makes such a frame. Code that HotSpot's compilers made does not, but it checks at entry for the
 * room that it would need to go on in the interpreter at any of its safepoints, and the frame here
 * is part of that, inlined or not. So a call costs a nanosecond or less when compiled, a
 * microsecond when not, and what it makes sure of does not depend on how either is done.
 *
 * <p>Not covered is the very first use of a class, which is the machine's: an overflow there leaves
 * the class unusable, as it does any.
 */
public final class Stack {
  /** Each is 8 kB, the slots having eight bytes. */
  private static final int FRAMES = 2;

  /** Never true; volatile, so that no compiler knows. */
  private static volatile boolean never;

  private Stack() {}

  /**
   * Returns if the calling method can go on for 16 kB of stack: some hundred frames in the
   * interpreter, more than any of our own steps takes.
   *
   * @throws StackOverflowError if it cannot
   */
  public static void reserve() {
    frame(FRAMES);
  }

  @SuppressWarnings({"unused", "UnusedVariable", "MultiVariableDeclaration"}) // their number counts
  private static void frame(int left) {
    long aa, ab, ac, ad, ae, af, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, as, at, au, av;
    long aw, ax, ay, az, ba, bb, bc, bd, be, bf, bg, bh, bi, bj, bk, bl, bm, bn, bo, bp, bq, br;
    long bs, bt, bu, bv, bw, bx, by, bz, ca, cb, cc, cd, ce, cf, cg, ch, ci, cj, ck, cl, cm, cn;
    long co, cp, cq, cr, cs, ct, cu, cv, cw, cx, cy, cz, da, db, dc, dd, de, df, dg, dh, di, dj;
    long dk, dl, dm, dn, dp, dq, dr, ds, dt, du, dv, dw, dx, dy, dz, ea, eb, ec, ed, ee, ef, eg;
    long eh, ei, ej, ek, el, em, en, eo, ep, eq, er, es, et, eu, ev, ew, ex, ey, ez, fa, fb, fc;
    long fd, fe, ff, fg, fh, fi, fj, fk, fl, fm, fn, fo, fp, fq, fr, fs, ft, fu, fv, fw, fx, fy;
    long fz, ga, gb, gc, gd, ge, gf, gg, gh, gi, gj, gk, gl, gm, gn, go, gp, gq, gr, gs, gt, gu;
    long gv, gw, gx, gy, gz, ha, hb, hc, hd, he, hf, hg, hh, hi, hj, hk, hl, hm, hn, ho, hp, hq;
    long hr, hs, ht, hu, hv, hw, hx, hy, hz, ia, ib, ic, id, ie, ig, ih, ii, ij, ik, il, im, in;
    long io, ip, iq, ir, is, it, iu, iv, iw, ix, iy, iz, ja, jb, jc, jd, je, jf, jg, jh, ji, jj;
    long jk, jl, jm, jn, jo, jp, jq, jr, js, jt, ju, jv, jw, jx, jy, jz, ka, kb, kc, kd, ke, kf;
    long kg, kh, ki, kj, kk, kl, km, kn, ko, kp, kq, kr, ks, kt, ku, kv, kw, kx, ky, kz, la, lb;
    long lc, ld, le, lf, lg, lh, li, lj, lk, ll, lm, ln, lo, lp, lq, lr, ls, lt, lu, lv, lw, lx;
    long ly, lz, ma, mb, mc, md, me, mf, mg, mh, mi, mj, mk, ml, mm, mn, mo, mp, mq, mr, ms, mt;
    long mu, mv, mw, mx, my, mz, na, nb, nc, nd, ne, nf, ng, nh, ni, nj, nk, nl, nm, nn, no, np;
    long nq, nr, ns, nt, nu, nv, nw, nx, ny, nz, oa, ob, oc, od, oe, of, og, oh, oi, oj, ok, ol;
    long om, on, oo, op, oq, or, os, ot, ou, ov, ow, ox, oy, oz, pa, pb, pc, pd, pe, pf, pg, ph;
    long pi, pj, pk, pl, pm, pn, po, pp, pq, pr, ps, pt, pu, pv, pw, px, py, pz, qa, qb, qc, qd;
    long qe, qf, qg, qh, qi, qj, qk, ql, qm, qn, qo, qp, qq, qr, qs, qt, qu, qv, qw, qx, qy, qz;
    long ra, rb, rc, rd, re, rf, rg, rh, ri, rj, rk, rl, rm, rn, ro, rp, rq, rr, rs, rt, ru, rv;
    long rw, rx, ry, rz, sa, sb, sc, sd, se, sf, sg, sh, si, sj, sk, sl, sm, sn, so, sp, sq, sr;
    long ss, st, su, sv, sw, sx, sy, sz, ta, tb, tc, td, te, tf, tg, th, ti, tj, tk, tl, tm, tn;
    long to, tp, tq, tr, ts, tt;
    if (never) {
      throw new IllegalStateException("never"); // a place to go on from in the interpreter
    }
    if (left > 1) {
      frame(left - 1);
    }
  }
}
