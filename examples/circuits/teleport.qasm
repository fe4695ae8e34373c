// Moves the state of q[0] to q[2]: measures two qubits half-way and corrects the third by what was read.
OPENQASM 3.0;
include "stdgates.inc";

qubit[3] q;
bit sent_z;
bit sent_x;
bit result;

// The state to send: 1 is read with probability sin(0.3)^2, about 8.7 %.
ry(0.6) q[0];

h q[1];
cx q[1], q[2];

cx q[0], q[1];
h q[0];
sent_z = measure q[0];
sent_x = measure q[1];

if (sent_x) x q[2];
if (sent_z) z q[2];
result = measure q[2];
