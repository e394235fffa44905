from .inputs import Inputs as Inputs
from .inputs import load_inputs as load_inputs
from .inputs import prepare as prepare
from .instance import Instance as Instance
from .patches import photograph_patches as photograph_patches
from .stream import StreamedHessian as StreamedHessian
