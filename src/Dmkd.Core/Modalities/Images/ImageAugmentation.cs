using static TorchSharp.torch;

namespace Dmkd.Core.Modalities.Images;

/// <summary>
/// The usual augmentation of small images: mirror half of them, shift each by up to <see cref="MaxShift"/> pixels.
/// </summary>
public static class ImageAugmentation
{
    /// <summary>Largest shift in each direction, in pixels.</summary>
    public const int MaxShift = 4;

    /// <summary>Augments a batch.</summary>
    /// <param name="images">uint8 or float, shape [batch, channels, size, size]. Borrowed.</param>
    /// <param name="generator">Source of the choices, on the CPU. Borrowed: its state advances.</param>
    /// <returns>Same shape and type, owned by the caller.</returns>
    public static Tensor Apply(Tensor images, Generator generator)
    {
        using var scope = NewDisposeScope();
        var mirrored = rand([images.shape[0], 1, 1, 1], generator: generator).lt(0.5).to(images.device);
        return Shift(where(mirrored, images.flip(3), images), generator).MoveToOuterDisposeScope();
    }

    /// <summary>Only shifts.</summary>
    /// <param name="images">uint8 or float, shape [batch, channels, size, size]. Borrowed.</param>
    /// <param name="generator">Source of the choices, on the CPU. Borrowed: its state advances.</param>
    /// <returns>Same shape and type, owned by the caller.</returns>
    public static Tensor Shift(Tensor images, Generator generator)
    {
        using var scope = NewDisposeScope();
        long batch = images.shape[0],
            channels = images.shape[1],
            size = images.shape[2];
        var padded = nn.functional.pad(images, [MaxShift, MaxShift, MaxShift, MaxShift]);
        var offsets = randint(0, 2 * MaxShift + 1, [2, batch, 1, 1, 1], generator: generator).to(images.device);
        var line = arange(size, dtype: ScalarType.Int64, device: images.device);
        var rows = (line.view(1, 1, size, 1) + offsets[0]).expand(batch, channels, size, size + 2 * MaxShift);
        var columns = (line.view(1, 1, 1, size) + offsets[1]).expand(batch, channels, size, size);
        return padded.gather(2, rows).gather(3, columns).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// Images of nothing: the blocks of real ones in random order. What an expert learns to call unknown (FedOV, Diao et
/// al. 2023, which also erases, blurs and pastes).
/// </summary>
public static class DestroyedImages
{
    private const int Grid = 4;

    /// <summary>
    /// Puts the 4x4 blocks of each image in an order of its own; rows and columns past the last whole block stay.
    /// </summary>
    /// <param name="images">Shape [batch, channels, size, size], at least 4 pixels high. Borrowed.</param>
    /// <param name="generator">Source of the orders, on the CPU. Borrowed: its state advances.</param>
    /// <returns>The same shape, owned by the caller.</returns>
    public static Tensor ShuffleBlocks(Tensor images, Generator generator)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        long batch = images.shape[0],
            channels = images.shape[1],
            side = images.shape[2] / Grid,
            covered = side * Grid;
        var blocks = images
            .narrow(2, 0, covered)
            .narrow(3, 0, covered)
            .reshape(batch, channels, Grid, side, Grid, side)
            .permute(0, 2, 4, 1, 3, 5)
            .reshape(batch, Grid * Grid, -1);
        var order = rand([batch, Grid * Grid], generator: generator)
            .argsort(1)
            .to(images.device)
            .unsqueeze(2)
            .expand(-1, -1, blocks.shape[2]);
        var shuffled = blocks
            .gather(1, order)
            .reshape(batch, Grid, Grid, channels, side, side)
            .permute(0, 3, 1, 4, 2, 5)
            .reshape(batch, channels, covered, covered);
        var result = images.clone();
        result.narrow(2, 0, covered).narrow(3, 0, covered).copy_(shuffled);
        return result.MoveToOuterDisposeScope();
    }
}
