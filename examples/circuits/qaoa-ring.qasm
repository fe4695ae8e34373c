// One layer of QAOA for MaxCut on a ring of four nodes: which two sides cut the most edges?
OPENQASM 3.0;
include "stdgates.inc";

// The job gives these values: `parameters` in its spec, or --param.
input float gamma;
input float beta;

// No gate of stdgates.inc, so a program that is to run anywhere defines it.
gate rzz(t) a, b {
  cx a, b;
  rz(t) b;
  cx a, b;
}

qubit[4] q;
bit[4] c;

// All ways to split the nodes at once.
h q;

// Cost: each edge turns the phase of the splits that cut it.
rzz(-gamma) q[0], q[1];
rzz(-gamma) q[1], q[2];
rzz(-gamma) q[2], q[3];
rzz(-gamma) q[3], q[0];

// Mixer: splits that differ in one node interfere.
rx(2 * beta) q;

// Bit k says on which side node k is.
c = measure q;
