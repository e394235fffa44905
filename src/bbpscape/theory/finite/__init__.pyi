from .finite_size import FiniteSizeLaw as FiniteSizeLaw
from .finite_size import finite_size_law as finite_size_law
from .half_point import HalfPoint as HalfPoint
from .half_point import half_alpha as half_alpha
from .half_point import half_n as half_n
from .scaling import FiniteSizeScaling as FiniteSizeScaling
from .truncated import TruncatedThreshold as TruncatedThreshold
from .truncated import truncated_threshold as truncated_threshold
