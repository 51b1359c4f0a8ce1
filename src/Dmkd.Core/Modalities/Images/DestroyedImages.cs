using static TorchSharp.torch;

namespace Dmkd.Core.Modalities.Images;

/// <summary>
/// Images of nothing: the blocks of real ones in random order. What an expert learns to call unknown (FedOV, Diao et al. 2023, which also erases,
/// blurs and pastes).
/// </summary>
public static class DestroyedImages
{
    private const int Grid = 4;

    /// <summary>Puts the 4x4 blocks of each image in an order of its own; rows and columns past the last whole block stay.</summary>
    /// <param name="images">Shape [batch, channels, size, size], at least 4 pixels high. Borrowed.</param>
    /// <param name="generator">Source of the orders, on the CPU. Borrowed: its state advances.</param>
    /// <returns>The same shape, owned by the caller.</returns>
    public static Tensor ShuffleBlocks(Tensor images, Generator generator)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        long batch = images.shape[0], channels = images.shape[1], side = images.shape[2] / Grid, covered = side * Grid;
        var blocks = images.narrow(2, 0, covered).narrow(3, 0, covered)
            .reshape(batch, channels, Grid, side, Grid, side).permute(0, 2, 4, 1, 3, 5).reshape(batch, Grid * Grid, -1);
        var order = rand([batch, Grid * Grid], generator: generator).argsort(1).to(images.device).unsqueeze(2).expand(-1, -1, blocks.shape[2]);
        var shuffled = blocks.gather(1, order)
            .reshape(batch, Grid, Grid, channels, side, side).permute(0, 3, 1, 4, 2, 5).reshape(batch, channels, covered, covered);
        var result = images.clone();
        result.narrow(2, 0, covered).narrow(3, 0, covered).copy_(shuffled);
        return result.MoveToOuterDisposeScope();
    }
}
