"""What Polyvox is measured against: a limit, and what people would write or take instead."""
