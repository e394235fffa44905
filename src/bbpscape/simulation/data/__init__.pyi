from .inputs import Inputs as Inputs
from .inputs import load_inputs as load_inputs
from .inputs import prepare_inputs as prepare_inputs
from .instance import Instance as Instance
from .instance import draw as draw
from .patches import patches as patches
from .stream import StreamedHessian as StreamedHessian
