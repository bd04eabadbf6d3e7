"""Speed, as ratios against baselines that took turns with it. Nothing here passes or fails."""
