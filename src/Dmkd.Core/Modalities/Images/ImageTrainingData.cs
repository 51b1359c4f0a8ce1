using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Core.Modalities.Images;

/// <summary>Labelled images, augmented and normalised as they are drawn.</summary>
/// <param name="images">Labelled by class. Borrowed.</param>
/// <param name="labels">How the model's outputs tell classes; one output a class when null.</param>
public sealed class ImageTrainingData(ImageTensors images, ILabelSpace? labels = null) : ITrainingData
{
    private readonly ILabelSpace _labels = labels ?? new PlainLabels();

    /// <inheritdoc/>
    public long Count => images.Count;

    /// <inheritdoc/>
    public Batch Draw(Tensor positions, Generator generator, Device device)
    {
        var pixels = images.Rows(positions);
        var inputs = ImageTensors.Normalise(ImageAugmentation.Apply(pixels.to(device), generator));
        var own = images.Labels.index_select(0, positions).to(device);
        return _labels.Expand(new Batch(inputs, own) { Positions = positions, Source = pixels }, generator);
    }
}

/// <summary>Images as they are, normalised as they are drawn, with labels of their own.</summary>
/// <param name="images">Borrowed; their own labels are not looked at.</param>
/// <param name="labels">Soft labels, float32, shape [examples, classes]. Borrowed.</param>
public sealed class SoftLabelledImages(ImageTensors images, Tensor labels) : ITrainingData
{
    /// <inheritdoc/>
    public long Count => images.Count;

    /// <inheritdoc/>
    public Batch Draw(Tensor positions, Generator generator, Device device)
    {
        ArgumentNullException.ThrowIfNull(positions);
        var inputs = ImageTensors.Normalise(images.Rows(positions).to(device));
        var own = labels.index_select(0, positions.to(labels.device));
        return new Batch(inputs, own.to(device)) { Positions = positions };
    }
}

/// <summary>
/// Images with the answers that a teacher gave to them (proposal 3.2.4). Where it answered to mirror images too, half
/// of the images drawn are mirrored and each is shifted by a few pixels (<see cref="ImageAugmentation"/>): a shift does
/// not change the answer. Owns its tensors.
/// </summary>
public sealed class AnsweredImages : ITrainingData, IDisposable
{
    private readonly Tensor _pixels;
    private readonly Tensor _logits;
    private readonly InputNormalisation _normalisation;
    private readonly bool _mirrors;

    /// <summary>Joins images and answers.</summary>
    /// <param name="pixels">uint8, shape [n, channels, size, size] with n at least 2, on the student's device.
    /// Borrowed, and must live as long.</param>
    /// <param name="answers">The teacher's answers to them.</param>
    /// <param name="outputs">The teacher's outputs to learn, at least one.</param>
    /// <param name="normalisation">What student and teacher take.</param>
    /// <exception cref="ArgumentOutOfRangeException">Images, answers and outputs do not fit each other.</exception>
    public AnsweredImages(
        Tensor pixels,
        TeacherAnswers answers,
        IReadOnlyList<int> outputs,
        InputNormalisation normalisation
    )
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentNullException.ThrowIfNull(answers);
        ArgumentNullException.ThrowIfNull(normalisation);
        ArgumentOutOfRangeException.ThrowIfLessThan(pixels.shape[0], 2, nameof(pixels));
        ArgumentOutOfRangeException.ThrowIfNotEqual(answers.Images, pixels.shape[0], nameof(answers));
        SoftLabels.CheckOutputs(outputs, answers.Outputs, nameof(outputs));
        using var scope = NewDisposeScope();
        long[] wide = [.. outputs.Select(output => (long)output)];
        _pixels = pixels;
        _logits = answers
            .ToTensor()
            .to(pixels.device)
            .index_select(2, tensor(wide, device: pixels.device))
            .DetachFromDisposeScope();
        _normalisation = normalisation;
        _mirrors = answers.Views > 1;
    }

    /// <inheritdoc/>
    public long Count => _pixels.shape[0];

    /// <inheritdoc/>
    public Batch Draw(Tensor positions, Generator generator, Device device)
    {
        ArgumentNullException.ThrowIfNull(positions);
        var chosen = positions.to(_pixels.device);
        var images = _pixels.index_select(0, chosen);
        var answers = _logits[0].index_select(0, chosen);
        if (_mirrors)
        {
            var mirrored = rand([positions.shape[0]], generator: generator).lt(0.5).to(_pixels.device);
            answers = where(mirrored.unsqueeze(1), _logits[1].index_select(0, chosen), answers);
            images = where(mirrored.view(-1, 1, 1, 1), images.flip(3), images);
            images = ImageAugmentation.Shift(images, generator);
        }

        return new Batch(_normalisation.Apply(images).to(device), answers.to(device)) { Positions = positions };
    }

    /// <summary>Disposes the answers.</summary>
    public void Dispose() => _logits.Dispose();
}
