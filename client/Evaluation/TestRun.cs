using Dmkd.Client.Errors;
using Dmkd.Client.Rendering;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
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

/// <summary>A model that <c>evaluate</c> asks. Owns its tensors.</summary>
internal interface ITestedModel : IDisposable
{
    /// <summary>Logits of a batch.</summary>
    /// <param name="input">Normalised images, shape [n, channels, size, size]. Borrowed.</param>
    /// <returns>Shape [n, classes], owned by the caller.</returns>
    Tensor Logits(Tensor input);
}

/// <summary>A checkpoint in a network of the architecture that the user named. Owns its tensors.</summary>
internal sealed class TestedNetwork : ITestedModel
{
    private readonly Network _network;

    /// <summary>Builds the network.</summary>
    /// <param name="architecture">What the weights are for.</param>
    /// <param name="content">Weights as <see cref="WeightCodec"/> writes them.</param>
    public TestedNetwork(NetworkArchitecture architecture, byte[] content)
    {
        using var weights = WeightCodec.Decode(content);
        _network = NetworkLoader.Load(architecture, weights, CPU);
    }

    public Tensor Logits(Tensor input) => _network.forward(input);

    public void Dispose() => _network.Dispose();
}

/// <summary>A TorchScript program, which brings its own architecture. Owns its tensors.</summary>
internal sealed class TestedProgram : ITestedModel
{
    private readonly TorchScriptTeacher _program;
    private readonly int _classCount;
    private bool _isExamined;

    /// <summary>Loads a program.</summary>
    /// <param name="path">What <c>torch.jit.save</c> wrote, by someone whom the user trusts.</param>
    /// <param name="classCount">Classes of the data set.</param>
    public TestedProgram(string path, int classCount)
    {
        _classCount = classCount;
        _program = TorchScriptTeacher.Load(path);
    }

    /// <summary>The first batch is asked several times, so that a program without one answer is refused.</summary>
    /// <exception cref="BadInputException">The outputs are not one number for each image and class.</exception>
    /// <exception cref="CheckpointFormatException">The program fails, or has no one answer.</exception>
    public Tensor Logits(Tensor input)
    {
        if (!_isExamined)
        {
            _isExamined = true;
            _program.Examine(input);
            if (_program.GivesProbabilities)
                Notice.All([
                    "the program ends in a softmax: its outputs are probabilities, and their logarithms are taken as logits",
                ]);
        }

        var logits = _program.Logits(input);
        if (logits.shape is [var rows, var columns] && rows == input.shape[0] && columns == _classCount)
            return logits;
        throw new BadInputException(
            $"The TorchScript program gives outputs of shape [{string.Join(", ", logits.shape)}] for "
                + $"{input.shape[0]} images; for this data set it must be [{input.shape[0]}, {_classCount}]."
        );
    }

    public void Dispose() => _program.Dispose();
}
