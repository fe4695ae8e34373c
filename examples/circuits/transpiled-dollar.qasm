// A Bell pair as a transpiler leaves it: basis gates on physical qubits 3 and 5.
OPENQASM 3.0;
include "stdgates.inc";

bit[2] c;

rz(pi/2) $3;
sx $3;
rz(pi/2) $3;
rz(pi/2) $5;
sx $5;
rz(pi/2) $5;
cz $3, $5;
rz(pi/2) $5;
sx $5;
rz(pi/2) $5;
barrier $3, $5;
c[0] = measure $3;
c[1] = measure $5;
