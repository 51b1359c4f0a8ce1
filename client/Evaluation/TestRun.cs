using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Tensors;
using Dmkd.Data.Images;
using static TorchSharp.torch;

namespace Dmkd.Client.Evaluation;

/// <summary>
/// All test images through one model. The batches are the same however many lanes share them, so two runs on one
/// machine give the same bits.
/// </summary>
/// <param name="test">The images.</param>
/// <param name="classCount">Their classes.</param>
/// <param name="normalisation">What the model was trained with.</param>
/// <param name="keepLogits">Whether <see cref="Logits"/> is filled.</param>
internal sealed class TestRun(ImageSet test, int classCount, InputNormalisation normalisation, bool keepLogits)
{
    private const int BatchSize = 250;

    /// <summary>The logits of image i from i * <see cref="ClassCount"/>; null when they are not kept.</summary>
    public float[]? Logits { get; } = keepLogits ? new float[checked(test.Count * classCount)] : null;

    /// <summary>Number of images.</summary>
    public int ImageCount => test.Count;

    /// <summary>Number of classes.</summary>
    public int ClassCount => classCount;

    /// <summary>Asks a model on some lanes at once.</summary>
    /// <param name="device">The lanes.</param>
    /// <param name="lanes">How many of them; each makes its own model.</param>
    /// <param name="make">Makes the model, on the lane.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The class of each image's largest logit, in [0, <see cref="ClassCount"/>), in image order.</returns>
    /// <exception cref="NoFiniteAnswerException">An answer is not finite.</exception>
    public async Task<int[]> AnswersAsync(
        DeviceWorker device,
        int lanes,
        Func<ITestedModel> make,
        CancellationToken cancellationToken
    )
    {
        int[] answers = new int[test.Count];
        long[] withouts = await Task.WhenAll(
            Enumerable
                .Range(0, lanes)
                .Select(lane => device.RunAsync(job => Answer(job, make, answers, lane, lanes), cancellationToken))
        );
        long without = withouts.Sum();
        if (without > 0)
            throw new NoFiniteAnswerException(without, test.Count, "the network");
        return answers;
    }

    /// <summary>Takes every <paramref name="lanes"/>-th batch.</summary>
    /// <returns>Images whose answer is not finite.</returns>
    private long Answer(DeviceJob job, Func<ITestedModel> make, int[] answers, int lane, int lanes)
    {
        using var noGrad = no_grad();
        using var model = make();
        long without = 0;
        foreach (
            int[] batch in Enumerable.Range(0, test.Count).Chunk(BatchSize).Where((_, index) => index % lanes == lane)
        )
        {
            job.CancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var images = test.Select(batch);
            using var data = ImageTensors.From(images);
            var logits = model.Logits(normalisation.Apply(data.Inputs));
            without += FiniteValues.RowsWithout(logits);
            long[] best = logits.argmax(1).data<long>().ToArray();
            for (int i = 0; i < best.Length; i++)
                answers[batch[i]] = (int)best[i];
            if (Logits is not null)
                logits.contiguous().data<float>().CopyTo(Logits, batch[0] * classCount);
        }

        return without;
    }
}
