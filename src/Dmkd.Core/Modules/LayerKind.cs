namespace Dmkd.Core.Modules;

internal enum LayerKind
{
    Convolution,
    BatchNormalisation,
    LayerNormalisation,
    Linear,

    /// <summary>A bare parameter of shape [1, positions, units].</summary>
    Embedding,
}
