from .committee import CommitteeLaw as CommitteeLaw
from .discrete import DiscreteLaw as DiscreteLaw
from .discrete import QuadratureLaw as QuadratureLaw
from .mirrored import Mirrored as Mirrored
