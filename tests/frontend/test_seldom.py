from peek_trio.frontend.seldom import Seldom


def test_what_happens_all_the_time_is_told_once_in_a_while_with_how_often():
    seldom = Seldom(interval=10)

    assert [seldom.happened(now) for now in (0.0, 1.0, 2.0, 9.9)] == [1, 0, 0, 0]
    assert [seldom.happened(now) for now in (10.0, 11.0, 60.0)] == [4, 0, 2]


def test_several_at_once_are_counted():
    seldom = Seldom(interval=10)

    assert [seldom.happened(0.0, 3), seldom.happened(1.0, 5), seldom.happened(10.0, 0)] == [3, 0, 5]
