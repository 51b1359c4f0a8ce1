using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Models;

/// <summary>
/// Fits the running statistics of batch normalisation to a network's inputs: those of a cut network still describe the
/// whole one.
/// </summary>
public static class BatchNormStatistics
{
    /// <summary>
    /// Replaces every running mean and variance by the mean over batches of the batch's own (the variance unbiased),
    /// which is what PyTorch calls momentum None. A repeat gives the same.
    /// </summary>
    /// <param name="network">Run in training mode. Borrowed: only its running statistics change; its mode is
    /// restored.</param>
    /// <param name="inputs">Shape [n, channels, height, width] with n at least 2, on the network's device.
    /// Borrowed.</param>
    /// <param name="batchSize">Most inputs of a batch, at least 2; batches are as equal in size as can be.</param>
    public static void Reestimate(Network network, Tensor inputs, int batchSize)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 2);
        if (inputs.dim() != 4 || inputs.shape[0] < 2)
            throw new ArgumentException(
                $"inputs must be [n, channels, height, width] with n at least 2, but are [{string.Join(", ", inputs.shape)}].",
                nameof(inputs)
            );

        BatchNorm[] layers = [.. network.modules().OfType<BatchNorm>()];
        double?[] momenta = [.. layers.Select(layer => (double?)layer.momentum)];
        bool wasTraining = network.training;
        network.train();
        try
        {
            foreach (var layer in layers)
                layer.momentum = 1; // a batch's statistics replace the running ones
            Average(network, layers, inputs, (int)((inputs.shape[0] + batchSize - 1) / batchSize));
        }
        finally
        {
            for (int i = 0; i < layers.Length; i++)
                layers[i].momentum = momenta[i];
            network.train(wasTraining);
        }
    }

    private static void Average(Network network, BatchNorm[] layers, Tensor inputs, int batches)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor[] statistics = [.. layers.SelectMany(layer => (Tensor[])[layer.running_mean!, layer.running_var!])];
        Tensor[] sums = [.. statistics.Select(statistic => zeros_like(statistic))];
        for (int batch = 0; batch < batches; batch++)
        {
            using var batchScope = NewDisposeScope();
            long start = inputs.shape[0] * batch / batches,
                end = inputs.shape[0] * (batch + 1) / batches;
            network.forward(inputs.narrow(0, start, end - start));
            for (int i = 0; i < sums.Length; i++)
                sums[i].add_(statistics[i]);
        }

        for (int i = 0; i < sums.Length; i++)
            statistics[i].copy_(sums[i] / batches);
    }
}
