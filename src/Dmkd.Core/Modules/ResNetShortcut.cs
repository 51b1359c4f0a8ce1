namespace Dmkd.Core.Modules;

/// <summary>How a residual network's shortcut reaches a wider stage (He et al. 2016).</summary>
public enum ResNetShortcut
{
    /// <summary>Option A: every second pixel, new channels are zeros; no weights.</summary>
    ZeroPadded = 0,

    /// <summary>Option B: a strided 1x1 convolution with batch normalisation.</summary>
    Projected = 1,
}
