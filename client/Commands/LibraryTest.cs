using Dmkd.Client.Errors;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Models;
using Dmkd.Core.Training;
using Dmkd.Data.Images;
using Dmkd.Serving;

namespace Dmkd.Client.Commands;

/// <summary>
/// All test images through a library, among all its classes. Classes of the data and of the library are told by name.
/// </summary>
internal sealed class LibraryTest
{
    private readonly OpenLibrary _library;
    private readonly ImageDataset _dataset;
    private readonly TensorSignature _input;
    private readonly Dictionary<string, int> _labels;

    /// <param name="library">What is asked. Borrowed.</param>
    /// <param name="dataset">Images of the size that the library takes.</param>
    /// <exception cref="BadInputException">They have no class in common.</exception>
    public LibraryTest(OpenLibrary library, ImageDataset dataset)
    {
        _library = library;
        _dataset = dataset;
        _input = Bad.InputUnless(() => library.Manifest.Input);
        _labels = dataset.ClassNames.Index().ToDictionary(entry => entry.Item, entry => entry.Index);
        var known = library.Manifest.Experts.SelectMany(expert => expert.ClassNames).ToHashSet(StringComparer.Ordinal);
        Unknown = [.. dataset.ClassNames.Where(name => !known.Contains(name))];
        if (Unknown.Count == dataset.ClassNames.Count)
            throw new BadInputException(
                $"{char.ToUpperInvariant(library.Title[0])}{library.Title[1..]} knows none of the data set's "
                    + $"{Unknown.Count} classes, such as '{Unknown[0]}'; it knows {string.Join(", ", known.Take(3))}."
            );
    }

    /// <summary>The same among the test images of classes that the library knows.</summary>
    /// <exception cref="BadInputException">There are none.</exception>
    public LibraryTest OfKnownClasses()
    {
        string[] names = [.. _dataset.ClassNames.Except(Unknown)];
        var places = names.Index().ToDictionary(entry => _labels[entry.Item], entry => entry.Index);
        int[] positions = _dataset.Test.PositionsOf(places.Keys);
        if (positions.Length == 0)
            throw new BadInputException($"The data set has no test image of a class that {_library.Title} knows.");
        var test = _dataset.Test.Select(positions).Relabel(label => places[label]);
        return new LibraryTest(_library, _dataset with { ClassNames = names, ClassKeys = names, Test = test });
    }

    /// <summary>The data that it is asked about.</summary>
    public ImageDataset Dataset => _dataset;

    /// <summary>Classes of the data that no expert knows: their images cannot be told right.</summary>
    public IReadOnlyList<string> Unknown { get; }

    /// <summary>A line for each member that an earlier version answered for, in the order of the lines.</summary>
    public SortedSet<string> Replacements { get; } = new(StringComparer.Ordinal);

    /// <summary>Asks.</summary>
    /// <param name="plan">How to route.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>
    /// The class of each image by the data's labels, or <see cref="ConfusionMatrix.NoPrediction"/> for one that the data
    /// does not have; in image order.
    /// </returns>
    public async Task<int[]> AnswersAsync(
        RoutingPlan plan,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        var test = _dataset.Test;
        int[] answers = new int[test.Count];
        int most = Math.Clamp((int)(RouteRequest.MaxInputBytes / _input.BytesPerInput), 1, RouteRequest.MaxPredictions);
        foreach (int[] batch in Enumerable.Range(0, test.Count).Chunk(most))
        {
            byte[] content = new byte[batch.Length * _input.BytesPerInput];
            test.Select(batch).CopyTo(content);
            var inputs = new InputTensor(
                _input.Name,
                _input.DataType,
                [batch.Length, .. _input.Shape.Skip(1)],
                content
            );
            var (predictions, replaced) = await _library.PredictAsync(inputs, plan, classes: 0, cancellationToken);
            Replacements.UnionWith(replaced);
            foreach (var (place, predicted) in predictions.Index())
                answers[batch[place]] = _labels.GetValueOrDefault(predicted.ClassName, ConfusionMatrix.NoPrediction);
            progress((double)(batch[^1] + 1) / test.Count);
        }

        return answers;
    }
}
