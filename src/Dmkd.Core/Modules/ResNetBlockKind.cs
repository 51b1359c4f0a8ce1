namespace Dmkd.Core.Modules;

/// <summary>What a residual network's blocks are made of (He et al. 2016).</summary>
public enum ResNetBlockKind
{
    /// <summary>Two 3x3 convolutions.</summary>
    Basic = 0,

    /// <summary>A 1x1, a 3x3 and a 1x1 convolution; the stride is the 3x3 one's, as in torchvision.</summary>
    Bottleneck = 1,
}
