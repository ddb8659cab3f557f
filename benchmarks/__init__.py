"""Speed, measured as ratios within one run; nothing here is imported by the service or asserted by a test on time."""
