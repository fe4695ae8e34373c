// A Bell pair as a transpiler leaves it: basis gates on physical qubits 3 and 7.
OPENQASM 3.0;
include "stdgates.inc";

bit[2] c;

rz(pi/2) $3;
sx $3;
rz(pi/2) $3;
rz(pi/2) $7;
sx $7;
rz(pi/2) $7;
cz $3, $7;
rz(pi/2) $7;
sx $7;
rz(pi/2) $7;
barrier $3, $7;
c[0] = measure $3;
c[1] = measure $7;
