using System.Runtime.InteropServices;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Modalities.Images;

/// <summary>
/// What a teacher says to a set of images, computed once: all students and epochs learn from the same answers, and the
/// teacher is not run again (proposal 3.2.4). Plain numbers, so that lanes can share them.
/// </summary>
public sealed class TeacherAnswers
{
    private readonly float[] _logits;

    private TeacherAnswers(float[] logits, int views, int images, int outputs) =>
        (_logits, Views, Images, Outputs) = (logits, views, images, outputs);

    /// <summary>1, or 2 when mirror images were asked for too.</summary>
    public int Views { get; }

    /// <summary>Number of images.</summary>
    public int Images { get; }

    /// <summary>Outputs of the teacher.</summary>
    public int Outputs { get; }

    /// <summary>Asks a teacher.</summary>
    /// <param name="teacher">Maps normalised images [batch, channels, size, size] to logits [batch, outputs]; its
    /// result is disposed here.</param>
    /// <param name="pixels">uint8, shape [images, channels, size, size], at least one image, on the teacher's device.
    /// Borrowed.</param>
    /// <param name="normalisation">What the teacher was trained with.</param>
    /// <param name="mirrored">Whether to ask for the mirror images too.</param>
    /// <param name="batchSize">Most images in one forward pass, at least 1.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    /// <param name="cancellationToken">Ends the work between two batches.</param>
    /// <exception cref="NoFiniteAnswerException">An answer is not finite.</exception>
    public static TeacherAnswers Of(
        Func<Tensor, Tensor> teacher,
        Tensor pixels,
        InputNormalisation normalisation,
        bool mirrored,
        int batchSize = 250,
        Action<double>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(teacher);
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentNullException.ThrowIfNull(normalisation);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(pixels.shape[0], 1, nameof(pixels));
        using var noGrad = no_grad();
        int views = mirrored ? 2 : 1,
            images = checked((int)pixels.shape[0]);
        List<float> logits = [];
        for (int view = 0; view < views; view++)
        {
            for (int start = 0; start < images; start += batchSize)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var batch = pixels.narrow(0, start, Math.Min(batchSize, images - start));
                var answers = teacher(normalisation.Apply(view == 0 ? batch : batch.flip(3)));
                logits.AddRange(answers.cpu().contiguous().data<float>());
                progress?.Invoke((view + Math.Min(1.0, (double)(start + batchSize) / images)) / views);
            }
        }

        int outputs = logits.Count / (views * images);
        FiniteValues.RequireRows(CollectionsMarshal.AsSpan(logits), outputs, "the network");
        return new TeacherAnswers([.. logits], views, images, outputs);
    }

    /// <summary>Joins the answers to parts of a set of images, in order.</summary>
    /// <param name="parts">At least one, all of the same teacher and views.</param>
    public static TeacherAnswers Concat(IReadOnlyList<TeacherAnswers> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentOutOfRangeException.ThrowIfZero(parts.Count, nameof(parts));
        int views = parts[0].Views,
            outputs = parts[0].Outputs;
        if (parts.Any(part => part.Views != views || part.Outputs != outputs))
            throw new ArgumentException(
                $"All parts must have {views} views and {outputs} outputs, as the first.",
                nameof(parts)
            );
        int images = parts.Sum(part => part.Images);
        float[] logits = new float[checked(views * images * outputs)];
        int written = 0;
        for (int view = 0; view < views; view++)
        {
            foreach (var part in parts)
            {
                var rows = part.ViewOf(view);
                rows.CopyTo(logits.AsSpan(written));
                written += rows.Length;
            }
        }

        return new TeacherAnswers(logits, views, images, outputs);
    }

    /// <summary>The answers to some of the images.</summary>
    /// <param name="images">Positions, in [0, Images).</param>
    public TeacherAnswers Select(IReadOnlyList<int> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        float[] logits = new float[checked(Views * images.Count * Outputs)];
        for (int view = 0; view < Views; view++)
        {
            for (int i = 0; i < images.Count; i++)
                LogitsOf(images[i], view).CopyTo(logits.AsSpan((view * images.Count + i) * Outputs));
        }

        return new TeacherAnswers(logits, Views, images.Count, Outputs);
    }

    /// <summary>The answer to one image, shape [outputs].</summary>
    /// <param name="image">Position, in [0, Images).</param>
    /// <param name="view">0 for the image as it is, 1 for its mirror image.</param>
    public ReadOnlySpan<float> LogitsOf(int image, int view = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(image);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(image, Images);
        return _logits.AsSpan((view * Images + image) * Outputs, Outputs);
    }

    /// <summary>
    /// Share of the images whose largest logit among some outputs is that of their class, in [0, 1]; 0 for no images.
    /// </summary>
    /// <param name="labels">Class of each image.</param>
    /// <param name="images">Positions of the images that count.</param>
    /// <param name="outputs">Outputs to choose among, at least one.</param>
    /// <param name="classes">The class of each of them.</param>
    public double Accuracy(
        IReadOnlyList<int> labels,
        IReadOnlyList<int> images,
        IReadOnlyList<int> outputs,
        IReadOnlyList<int> classes
    )
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(outputs);
        ArgumentNullException.ThrowIfNull(classes);
        ArgumentOutOfRangeException.ThrowIfZero(outputs.Count, nameof(outputs));
        ArgumentOutOfRangeException.ThrowIfNotEqual(classes.Count, outputs.Count);
        int right = images.Count(image => classes[Best(LogitsOf(image), outputs)] == labels[image]);
        return images.Count == 0 ? 0 : (double)right / images.Count;
    }

    /// <summary>Shape [views, images, outputs], float32 on the CPU, owned by the caller.</summary>
    public Tensor ToTensor() => tensor(_logits, [Views, Images, Outputs]);

    private ReadOnlySpan<float> ViewOf(int view) => _logits.AsSpan(view * Images * Outputs, Images * Outputs);

    private static int Best(ReadOnlySpan<float> logits, IReadOnlyList<int> outputs)
    {
        int best = 0;
        for (int i = 1; i < outputs.Count; i++)
            if (logits[outputs[i]] > logits[outputs[best]])
                best = i;
        return best;
    }
}
