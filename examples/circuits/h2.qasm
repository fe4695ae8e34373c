// A trial state of the hydrogen molecule on two qubits, read in one of two bases. The loop chooses theta.
OPENQASM 3.0;
include "stdgates.inc";

// The job gives these values: `parameters` in its spec, or --param.
input float theta;
input float tilt;  // 0 reads Z; -pi/2 reads X, which ry(-pi/2) turns into Z

qubit[2] q;
bit[2] c;

// cos(theta/2) |01> + sin(theta/2) |10>: one electron pair, shared by two orbitals.
x q[0];
ry(theta) q[1];
cx q[1], q[0];

ry(tilt) q;
c = measure q;
