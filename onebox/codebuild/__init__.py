"""A stand-in of AWS CodeBuild: the three requests that the product makes, over HTTP, and builds that really run.

`wire` is the protocol, `builds` what is started and known, `build` one build's life, `buildspec` what it runs. A
project is a name, a buildspec and the environment that the image would bring. It does not judge signatures, and it
refuses what it does not know, so that nothing is quietly left out. The product never imports this.
"""
