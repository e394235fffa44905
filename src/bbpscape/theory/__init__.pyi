from . import finite as finite
from . import laws as laws
from . import spectral as spectral
