// A hundred million gates in a few lines: counted at once, refused by a simulator.
OPENQASM 3.0;
include "stdgates.inc";

qubit q;
bit c;

for uint i in [1:100000000] {
  h q;
}
c = measure q;
